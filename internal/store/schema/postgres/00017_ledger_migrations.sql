-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- All migrations are counted, for those who see all.
CREATE INDEX ledger_migrations ON ledger (id) WHERE kind = 1;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
