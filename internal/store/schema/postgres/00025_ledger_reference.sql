-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Finds migrations by reference. Most have none.
CREATE INDEX ledger_reference ON ledger (reference, id) WHERE reference IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
