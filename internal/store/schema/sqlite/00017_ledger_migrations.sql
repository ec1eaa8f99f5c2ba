-- +goose Up

-- All migrations are counted, for those who see all.
CREATE INDEX ledger_migrations ON ledger (id) WHERE kind = 1;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
