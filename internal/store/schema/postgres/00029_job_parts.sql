-- +goose Up

-- The selection of a job in parts of a few thousand SIMs. Each step of the planning reads one part.
-- They are deleted when the plan is complete.
CREATE TABLE job_parts (
    job_id    BIGINT   NOT NULL,
    part      SMALLINT NOT NULL,
    selection TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (job_id, part)
);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
