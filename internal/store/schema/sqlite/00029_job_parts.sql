-- +goose Up

-- The selection of a job in parts of a few thousand SIMs. Each step of the planning reads one part.
-- They are deleted when the plan is complete.
CREATE TABLE job_parts (
    job_id    INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    selection TEXT    NOT NULL,
    PRIMARY KEY (job_id, part)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
