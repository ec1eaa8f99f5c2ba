-- +goose Up

-- Codes with which other Workspaces offer SIMs to a Workspace. The code itself is not stored.
-- sender_id is the only Workspace that may use the code, max_sims the maximum of SIMs in all its
-- offers; NULL for any.
CREATE TABLE receiving_codes (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    hash         BLOB NOT NULL,
    workspace_id INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    description  TEXT NOT NULL,
    single_use   INTEGER NOT NULL CHECK (single_use IN (0, 1)),
    max_sims     INTEGER,
    sender_id    INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    offers       INTEGER NOT NULL,
    sims         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX receiving_codes_hash ON receiving_codes (hash);
CREATE INDEX receiving_codes_workspace ON receiving_codes (workspace_id, id);

-- Offers of SIMs from one Workspace to another. Package fleet encodes state. next_at is when a
-- server must check the offer again, for a reminder or because it expires; NULL for never.
CREATE TABLE offers (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code_id          INTEGER NOT NULL,
    source_id        INTEGER NOT NULL,
    target_id        INTEGER NOT NULL,
    user_id          INTEGER NOT NULL,
    state            TEXT NOT NULL,
    detach_devices   INTEGER NOT NULL CHECK (detach_devices IN (0, 1)),
    allowed_statuses TEXT,
    reference        TEXT NOT NULL,
    reason           TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    next_at          INTEGER,
    reminders        INTEGER NOT NULL,
    decided_at       INTEGER,
    decided_by       INTEGER,
    ended_at         INTEGER,
    ledger_id        INTEGER,
    job_id           INTEGER,
    sims             INTEGER NOT NULL,
    accepted         INTEGER NOT NULL,
    refused          INTEGER NOT NULL,
    gone             INTEGER NOT NULL
) STRICT;
CREATE INDEX offers_source ON offers (source_id, id);
CREATE INDEX offers_target ON offers (target_id, id);
CREATE INDEX offers_next ON offers (next_at) WHERE next_at IS NOT NULL;

-- The SIMs of an offer. state is 0 while the offer is open, then 1 if the SIM was accepted, 2 if it
-- was refused and 3 if it can no longer be moved. status is the SIM's when it was offered, reason
-- why it was refused.
CREATE TABLE offer_sims (
    offer_id INTEGER NOT NULL,
    sim_id   INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (offer_id, sim_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
