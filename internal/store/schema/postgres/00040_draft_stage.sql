-- +goose Up

-- The number in job_parts of the SIMs of a large draft, NULL if the column selection has them. The
-- draft and the jobs that are planned from it share these parts.
ALTER TABLE move_drafts ADD COLUMN stage BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
