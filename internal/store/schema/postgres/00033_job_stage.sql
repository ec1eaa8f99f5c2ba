-- +goose Up

-- The number in job_parts of the parts of a large selection, NULL if it is the id of the job. Parts
-- that are written before their job, in several transactions, have negative numbers.
ALTER TABLE jobs ADD COLUMN stage BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
