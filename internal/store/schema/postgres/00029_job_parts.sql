-- +goose Up

-- What a job has to plan, cut into parts of a few thousand SIMs each, so that each step of the plan
-- reads one. They are deleted when the plan is complete.
CREATE TABLE job_parts (
    job_id    BIGINT   NOT NULL,
    part      SMALLINT NOT NULL,
    selection TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (job_id, part)
);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
