-- +goose Up

-- Under which number the parts of a large selection are kept, NULL for that of the job. They are
-- written before the job, in several transactions; such numbers are negative.
ALTER TABLE jobs ADD COLUMN stage BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
