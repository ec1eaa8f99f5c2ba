-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The Workspaces whose SIMs a stored refusal names, as in '100,200'; '' for none. NULL if an
-- earlier version stored the reply.
ALTER TABLE idempotency ADD COLUMN workspaces TEXT COLLATE "C";

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
