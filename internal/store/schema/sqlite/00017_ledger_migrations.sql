-- +goose Up

-- The count of all migrations, for callers who see all of them.
CREATE INDEX ledger_migrations ON ledger (id) WHERE kind = 1;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
