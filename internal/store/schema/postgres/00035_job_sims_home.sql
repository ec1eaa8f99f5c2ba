-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The Workspace that gets a SIM back from an undo, NULL in other jobs.
ALTER TABLE job_sims ADD COLUMN home_id BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
