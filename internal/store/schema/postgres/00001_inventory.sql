-- +goose Up

-- Times are microseconds since 1970, in UTC. Enumerations have the numbers of the API.

CREATE TABLE workspaces (
    id         BIGINT NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    type       SMALLINT NOT NULL CHECK (type BETWEEN 1 AND 4),
    status     SMALLINT NOT NULL CHECK (status IN (0, 1)),
    country    TEXT COLLATE "C" NOT NULL,
    parent_id  BIGINT REFERENCES workspaces (id),
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id                   BIGINT NOT NULL PRIMARY KEY,
    username             TEXT COLLATE "C" NOT NULL,
    name                 TEXT COLLATE "C" NOT NULL,
    status               SMALLINT NOT NULL CHECK (status BETWEEN 0 AND 2),
    super_admin          SMALLINT NOT NULL CHECK (super_admin IN (0, 1)),
    default_workspace_id BIGINT REFERENCES workspaces (id),
    password_hash        TEXT COLLATE "C" NOT NULL,
    session_epoch        BIGINT NOT NULL,
    created_at           BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (username);

CREATE TABLE memberships (
    user_id      BIGINT NOT NULL REFERENCES users (id),
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    status       SMALLINT NOT NULL CHECK (status BETWEEN 1 AND 2),
    PRIMARY KEY (user_id, workspace_id)
);

CREATE TABLE membership_roles (
    user_id      BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    role         SMALLINT NOT NULL CHECK (role BETWEEN 1 AND 3),
    PRIMARY KEY (user_id, workspace_id, role),
    FOREIGN KEY (user_id, workspace_id) REFERENCES memberships (user_id, workspace_id)
);

CREATE TABLE application_tokens (
    id           BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    description  TEXT COLLATE "C" NOT NULL,
    status       SMALLINT NOT NULL CHECK (status IN (0, 1)),
    cidr         TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT
);

CREATE TABLE signing_keys (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    private_key BYTEA   NOT NULL,
    created_at  BIGINT NOT NULL
);

-- Refresh tokens are stored hashed and can be used once. All tokens that descend from one sign-in
-- form a family, so that the reuse of a spent token can end all of them.
CREATE TABLE refresh_tokens (
    hash         BYTEA   NOT NULL PRIMARY KEY,
    family       TEXT COLLATE "C" NOT NULL,
    user_id      BIGINT NOT NULL REFERENCES users (id),
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    epoch        BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    spent_at     BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);

-- Failed sign-ins are counted in rows, because any server may handle the next attempt.
CREATE TABLE auth_counters (
    kind       TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    count      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);

CREATE TABLE profiles (
    kind         SMALLINT NOT NULL CHECK (kind IN (0, 1)),
    id           BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    name         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE devices (
    id           BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    name         TEXT COLLATE "C" NOT NULL,
    status       SMALLINT NOT NULL CHECK (status BETWEEN 0 AND 2),
    created_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_workspace ON devices (id, workspace_id);

-- The device of a SIM is stored only in the SIM's row. It is unique, and the composite key requires
-- a device in the SIM's Workspace.
CREATE TABLE sims (
    id           BIGINT NOT NULL PRIMARY KEY,
    iccid        TEXT COLLATE "C" NOT NULL CHECK (length(iccid) = 19),
    eid          TEXT COLLATE "C" NOT NULL,
    imsi         TEXT COLLATE "C" NOT NULL,
    msisdn       TEXT COLLATE "C" NOT NULL,
    status       SMALLINT NOT NULL CHECK (status BETWEEN 0 AND 4),
    workspace_id BIGINT NOT NULL REFERENCES workspaces (id),
    issuer_id    BIGINT NOT NULL REFERENCES workspaces (id),
    reseller_id  BIGINT REFERENCES workspaces (id),
    device_id    BIGINT,
    produced_at  BIGINT NOT NULL,
    activated_at BIGINT,
    version      BIGINT NOT NULL,
    FOREIGN KEY (device_id, workspace_id) REFERENCES devices (id, workspace_id)
);
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
    id               BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid              TEXT COLLATE "C" NOT NULL,
    kind             SMALLINT NOT NULL CHECK (kind BETWEEN 0 AND 5),
    at               BIGINT NOT NULL,
    user_id          BIGINT,
    token_id         BIGINT,
    target_id        BIGINT,
    sims             BIGINT NOT NULL,
    detach_devices   SMALLINT NOT NULL CHECK (detach_devices IN (0, 1)),
    allowed_statuses TEXT COLLATE "C",
    delta            BIGINT NOT NULL,
    ids_delta        BIGINT NOT NULL
);
CREATE UNIQUE INDEX ledger_uid ON ledger (uid);

-- The Workspaces whose members may see a migration. side is 0 for a source and 1 for the target.
CREATE TABLE ledger_sides (
    workspace_id BIGINT NOT NULL,
    ledger_id    BIGINT NOT NULL,
    side         SMALLINT NOT NULL CHECK (side IN (0, 1)),
    sims         BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, ledger_id, side)
);
CREATE INDEX ledger_sides_ledger ON ledger_sides (ledger_id, side, workspace_id);

-- One line per SIM and change: the complete history of a SIM. version is the SIM's after the
-- change.
CREATE TABLE ledger_lines (
    sim_id           BIGINT NOT NULL,
    version          BIGINT NOT NULL CHECK (version > 0),
    ledger_id        BIGINT NOT NULL,
    ordinal          BIGINT NOT NULL,
    workspace_before BIGINT NOT NULL,
    workspace_after  BIGINT NOT NULL,
    status_before    SMALLINT NOT NULL,
    status_after     SMALLINT NOT NULL,
    device_before    BIGINT,
    device_after     BIGINT,
    PRIMARY KEY (sim_id, version)
);
CREATE UNIQUE INDEX ledger_lines_ledger ON ledger_lines (ledger_id, ordinal);

CREATE TABLE events (
    id           BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           BIGINT NOT NULL,
    type         SMALLINT NOT NULL,
    source       SMALLINT NOT NULL,
    severity     SMALLINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    user_id      BIGINT,
    sim_id       BIGINT,
    device_id    BIGINT,
    ledger_id    BIGINT,
    description  TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_workspace ON events (workspace_id, id);
CREATE INDEX events_sim ON events (sim_id, id) WHERE sim_id IS NOT NULL;

-- Responses to writes with an Idempotency-Key, stored in the transaction of the write.
CREATE TABLE idempotency (
    user_id     BIGINT NOT NULL,
    token_id    BIGINT NOT NULL,
    operation   TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA   NOT NULL,
    status      SMALLINT NOT NULL,
    location    TEXT COLLATE "C" NOT NULL,
    etag        TEXT COLLATE "C" NOT NULL,
    body        BYTEA   NOT NULL,
    created_at  BIGINT NOT NULL,
    ledger_id   BIGINT,
    PRIMARY KEY (user_id, token_id, operation, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
