-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The Workspace to which an undo returns the SIM, NULL in other jobs.
ALTER TABLE job_sims ADD COLUMN home_id BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
