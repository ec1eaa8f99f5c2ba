-- +goose Up

-- The key is unique within its Workspace. 0 is used for the keys of the operator, and by servers of
-- earlier versions: such keys count in every Workspace of their caller until they expire.
CREATE TABLE idempotency_new (
    user_id      INTEGER NOT NULL,
    token_id     INTEGER NOT NULL,
    operation    TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    status       INTEGER NOT NULL,
    location     TEXT    NOT NULL,
    etag         TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    ledger_id    INTEGER,
    workspace_id INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, token_id, operation, key, workspace_id)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_new (user_id, token_id, operation, key, fingerprint, status, location, etag, body, created_at, ledger_id)
SELECT user_id, token_id, operation, key, fingerprint, status, location, etag, body, created_at, ledger_id FROM idempotency;
DROP TABLE idempotency;
ALTER TABLE idempotency_new RENAME TO idempotency;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
