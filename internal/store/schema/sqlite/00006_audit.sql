-- +goose Up

-- The audit log: changes and refused requests. Rows are only inserted. seq and hash are NULL until
-- a server has linked the entry into the hash chain; after that the entry must not change.
-- ledger_id is the ledger entry of the same transaction. places repeats audit_places, so that the
-- hash covers it.
CREATE TABLE audit (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor      INTEGER NOT NULL CHECK (actor BETWEEN 0 AND 5),
    user_id    INTEGER,
    token_id   INTEGER,
    address    TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    code       INTEGER NOT NULL,
    subject    TEXT    NOT NULL,
    subject_id TEXT    NOT NULL,
    ledger_id  INTEGER,
    detail     TEXT    NOT NULL,
    places     TEXT    NOT NULL,
    seq        INTEGER,
    hash       BLOB
) STRICT;
CREATE UNIQUE INDEX audit_seq ON audit (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unlinked ON audit (id) WHERE seq IS NULL;
CREATE INDEX audit_ledger ON audit (ledger_id) WHERE ledger_id IS NOT NULL;

-- The Workspaces whose Administrators may read an entry; 0 is the installation.
CREATE TABLE audit_places (
    workspace_id INTEGER NOT NULL,
    audit_id     INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, audit_id)
) STRICT, WITHOUT ROWID;

-- 1 if the transaction also wrote an audit entry. NULL in entries from before this step, and in
-- those that a server of an earlier version wrote.
ALTER TABLE ledger ADD COLUMN audited INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
