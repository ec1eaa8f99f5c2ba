-- +goose Up

-- The kinds of cards. Every SIM is of one; 1 is that of SIMs of which nobody said more.
CREATE TABLE sim_models (
    id              INTEGER NOT NULL PRIMARY KEY,
    description     TEXT    NOT NULL,
    memory_size     TEXT    NOT NULL,
    formfactor_id   INTEGER NOT NULL,
    formfactor      TEXT    NOT NULL,
    manufacturer_id INTEGER NOT NULL,
    manufacturer    TEXT    NOT NULL
) STRICT;
INSERT INTO sim_models (id, description, memory_size, formfactor_id, formfactor, manufacturer_id, manufacturer)
VALUES (1, 'Standard SIM', '128', 1, '2FF/3FF/4FF', 1, 'Unknown');

-- A reference cannot be added to a column that has a default: fsck looks after this one.
ALTER TABLE sims ADD COLUMN model_id INTEGER NOT NULL DEFAULT 1;

-- The code of the batch that the SIM was delivered in; NULL for none.
ALTER TABLE sims ADD COLUMN bic TEXT CHECK (length(bic) = 16);
CREATE INDEX sims_bic ON sims (bic, id) WHERE bic IS NOT NULL;
CREATE INDEX sims_reseller ON sims (reseller_id, id) WHERE reseller_id IS NOT NULL;

-- The batches that were registered, each once: a code that has been used is worth nothing.
CREATE TABLE sim_batches (
    bic           TEXT    NOT NULL PRIMARY KEY,
    workspace_id  INTEGER NOT NULL REFERENCES workspaces (id),
    ledger_id     INTEGER NOT NULL,
    registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sim_batches_ledger ON sim_batches (ledger_id);

-- What a ledger line changed of issuer and reseller. Most change neither, and have no row.
CREATE TABLE ledger_owners (
    sim_id          INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    issuer_before   INTEGER NOT NULL,
    issuer_after    INTEGER NOT NULL,
    reseller_before INTEGER,
    reseller_after  INTEGER,
    PRIMARY KEY (sim_id, version)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
