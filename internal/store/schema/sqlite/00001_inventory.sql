-- +goose Up

-- Times are microseconds since 1970, in UTC. Enumerations have the numbers of the API.

CREATE TABLE workspaces (
    id         INTEGER NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    type       INTEGER NOT NULL CHECK (type BETWEEN 1 AND 4),
    status     INTEGER NOT NULL CHECK (status IN (0, 1)),
    country    TEXT    NOT NULL,
    parent_id  INTEGER REFERENCES workspaces (id),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id                   INTEGER NOT NULL PRIMARY KEY,
    username             TEXT    NOT NULL,
    name                 TEXT    NOT NULL,
    status               INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
    super_admin          INTEGER NOT NULL CHECK (super_admin IN (0, 1)),
    default_workspace_id INTEGER REFERENCES workspaces (id),
    password_hash        TEXT    NOT NULL,
    session_epoch        INTEGER NOT NULL,
    created_at           INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_username ON users (username);

CREATE TABLE memberships (
    user_id      INTEGER NOT NULL REFERENCES users (id),
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    status       INTEGER NOT NULL CHECK (status BETWEEN 1 AND 2),
    PRIMARY KEY (user_id, workspace_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE membership_roles (
    user_id      INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    role         INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    PRIMARY KEY (user_id, workspace_id, role),
    FOREIGN KEY (user_id, workspace_id) REFERENCES memberships (user_id, workspace_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE application_tokens (
    id           INTEGER NOT NULL PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    description  TEXT    NOT NULL,
    status       INTEGER NOT NULL CHECK (status IN (0, 1)),
    cidr         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER
) STRICT;

CREATE TABLE signing_keys (
    id          TEXT    NOT NULL PRIMARY KEY,
    private_key BLOB    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Refresh tokens are stored hashed and can be used once. All tokens that descend from one sign-in
-- form a family, so that the reuse of a spent token can end all of them.
CREATE TABLE refresh_tokens (
    hash         BLOB    NOT NULL PRIMARY KEY,
    family       TEXT    NOT NULL,
    user_id      INTEGER NOT NULL REFERENCES users (id),
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    epoch        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    spent_at     INTEGER,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);

-- Failed sign-ins are counted in rows, because any server may handle the next attempt.
CREATE TABLE auth_counters (
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
    kind         INTEGER NOT NULL CHECK (kind IN (0, 1)),
    id           INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id           INTEGER NOT NULL PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL,
    status       INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
    created_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX devices_workspace ON devices (id, workspace_id);

-- The device of a SIM is stored only in the SIM's row. It is unique, and the composite key requires
-- a device in the SIM's Workspace.
CREATE TABLE sims (
    id           INTEGER NOT NULL PRIMARY KEY,
    iccid        TEXT    NOT NULL CHECK (length(iccid) = 19),
    eid          TEXT    NOT NULL,
    imsi         TEXT    NOT NULL,
    msisdn       TEXT    NOT NULL,
    status       INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    issuer_id    INTEGER NOT NULL REFERENCES workspaces (id),
    reseller_id  INTEGER REFERENCES workspaces (id),
    device_id    INTEGER,
    produced_at  INTEGER NOT NULL,
    activated_at INTEGER,
    version      INTEGER NOT NULL,
    FOREIGN KEY (device_id, workspace_id) REFERENCES devices (id, workspace_id)
) STRICT;
CREATE UNIQUE INDEX sims_iccid ON sims (iccid) WHERE status <> 3;
CREATE UNIQUE INDEX sims_device ON sims (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX sims_workspace ON sims (workspace_id, id);
CREATE INDEX sims_workspace_status ON sims (workspace_id, status, id);
CREATE INDEX sims_workspace_iccid ON sims (workspace_id, iccid);
CREATE INDEX sims_issuer ON sims (issuer_id, id);

-- Every transaction that changes SIMs writes one ledger row. uid is chosen before the transaction,
-- so that the server can look up a commit whose outcome is unknown. delta is what the transaction
-- adds to the checksum of all SIMs, ids_delta what it adds to the checksum of their ids.
CREATE TABLE ledger (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uid              TEXT    NOT NULL,
    kind             INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 5),
    at               INTEGER NOT NULL,
    user_id          INTEGER,
    token_id         INTEGER,
    target_id        INTEGER,
    sims             INTEGER NOT NULL,
    detach_devices   INTEGER NOT NULL CHECK (detach_devices IN (0, 1)),
    allowed_statuses TEXT,
    delta            INTEGER NOT NULL,
    ids_delta        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ledger_uid ON ledger (uid);

-- The Workspaces whose members may see a migration. side is 0 for a source and 1 for the target.
CREATE TABLE ledger_sides (
    workspace_id INTEGER NOT NULL,
    ledger_id    INTEGER NOT NULL,
    side         INTEGER NOT NULL CHECK (side IN (0, 1)),
    sims         INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, ledger_id, side)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_sides_ledger ON ledger_sides (ledger_id, side, workspace_id);

-- One line per SIM and change: the complete history of a SIM. version is the SIM's after the
-- change.
CREATE TABLE ledger_lines (
    sim_id           INTEGER NOT NULL,
    version          INTEGER NOT NULL CHECK (version > 0),
    ledger_id        INTEGER NOT NULL,
    ordinal          INTEGER NOT NULL,
    workspace_before INTEGER NOT NULL,
    workspace_after  INTEGER NOT NULL,
    status_before    INTEGER NOT NULL,
    status_after     INTEGER NOT NULL,
    device_before    INTEGER,
    device_after     INTEGER,
    PRIMARY KEY (sim_id, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_lines_ledger ON ledger_lines (ledger_id, ordinal);

CREATE TABLE events (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    type         INTEGER NOT NULL,
    source       INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    user_id      INTEGER,
    sim_id       INTEGER,
    device_id    INTEGER,
    ledger_id    INTEGER,
    description  TEXT    NOT NULL
) STRICT;
CREATE INDEX events_workspace ON events (workspace_id, id);
CREATE INDEX events_sim ON events (sim_id, id) WHERE sim_id IS NOT NULL;

-- Responses to writes with an Idempotency-Key, stored in the transaction of the write.
CREATE TABLE idempotency (
    user_id     INTEGER NOT NULL,
    token_id    INTEGER NOT NULL,
    operation   TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    status      INTEGER NOT NULL,
    location    TEXT    NOT NULL,
    etag        TEXT    NOT NULL,
    body        BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    ledger_id   INTEGER,
    PRIMARY KEY (user_id, token_id, operation, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
