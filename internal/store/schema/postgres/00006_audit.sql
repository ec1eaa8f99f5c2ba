-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The audit log: changes and refused requests. Rows are only inserted. seq and hash are NULL until
-- a server has linked the entry into the hash chain; after that the entry must not change.
-- ledger_id is the ledger entry of the same transaction. places repeats audit_places, so that the
-- hash covers it.
CREATE TABLE audit (
    id         BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      SMALLINT NOT NULL CHECK (actor BETWEEN 0 AND 5),
    user_id    BIGINT,
    token_id   BIGINT,
    address    TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    action     TEXT COLLATE "C" NOT NULL,
    code       BIGINT NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    ledger_id  BIGINT,
    detail     TEXT COLLATE "C" NOT NULL,
    places     TEXT COLLATE "C" NOT NULL,
    seq        BIGINT,
    hash       BYTEA
);
CREATE UNIQUE INDEX audit_seq ON audit (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unlinked ON audit (id) WHERE seq IS NULL;
CREATE INDEX audit_ledger ON audit (ledger_id) WHERE ledger_id IS NOT NULL;

-- The Workspaces whose Administrators may read an entry; 0 is the installation.
CREATE TABLE audit_places (
    workspace_id BIGINT NOT NULL,
    audit_id     BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, audit_id)
);

-- 1 if the transaction also wrote an audit entry. NULL in entries from before this step, and in
-- those that a server of an earlier version wrote.
ALTER TABLE ledger ADD COLUMN audited BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
