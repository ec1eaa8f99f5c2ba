-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The effects of an undo are kept for each Workspace to which SIMs return. home_id is 0 in other
-- jobs.
ALTER TABLE job_effects
    ADD COLUMN home_id BIGINT NOT NULL DEFAULT 0,
    DROP CONSTRAINT job_effects_pkey,
    ADD PRIMARY KEY (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
