-- +goose Up

-- The Workspace that gets a SIM back from an undo, NULL in other jobs.
ALTER TABLE job_sims ADD COLUMN home_id INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
