-- +goose Up

-- Who did what, and who was refused it. Rows are only added. seq and hash are NULL until the
-- fold has linked the entry into the chain: from then on nothing of it may change.
-- ledger_id is the entry of the ledger that came with it. places repeats audit_places, so
-- that the hash covers it.
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

-- The Workspaces whose Administrators read an entry; 0 is the installation.
CREATE TABLE audit_places (
    workspace_id INTEGER NOT NULL,
    audit_id     INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, audit_id)
) STRICT, WITHOUT ROWID;

-- 1 where an audit entry came with the entry of the ledger. NULL owes none: it is older than
-- this step, or a server of an earlier version wrote it.
ALTER TABLE ledger ADD COLUMN audited INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
