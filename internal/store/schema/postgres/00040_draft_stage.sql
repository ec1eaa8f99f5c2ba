-- +goose Up

-- Under which number in job_parts the SIMs of a large draft are kept, NULL for a draft whose selection
-- has them. The draft and the jobs that are planned from it share them.
ALTER TABLE move_drafts ADD COLUMN stage BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
