-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The count of all migrations, for callers who see all of them.
CREATE INDEX ledger_migrations ON ledger (id) WHERE kind = 1;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
