-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Filters of the list of migrations, for callers with very many migrations.
CREATE INDEX ledger_at ON ledger (at);
CREATE INDEX ledger_user ON ledger (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX ledger_target ON ledger (target_id, id) WHERE target_id IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
