-- +goose Up

-- What a job has to plan, cut into parts of a few thousand SIMs each, so that each step of the plan
-- reads one. They are deleted when the plan is complete.
CREATE TABLE job_parts (
    job_id    INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    selection TEXT    NOT NULL,
    PRIMARY KEY (job_id, part)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
