-- +goose Up

-- The Workspace to which an undo returns the SIM, NULL in other jobs.
ALTER TABLE job_sims ADD COLUMN home_id INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
