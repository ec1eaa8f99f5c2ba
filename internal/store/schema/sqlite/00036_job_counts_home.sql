-- +goose Up

-- The counts of an undo are kept for each Workspace to which SIMs return. home_id is 0 in other
-- jobs.
CREATE TABLE job_counts_new (
    job_id       INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    verdict      INTEGER NOT NULL,
    sims         INTEGER NOT NULL,
    home_id      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, workspace_id, home_id, verdict)
) STRICT, WITHOUT ROWID;
INSERT INTO job_counts_new (job_id, workspace_id, verdict, sims) SELECT job_id, workspace_id, verdict, sims FROM job_counts;
DROP TABLE job_counts;
ALTER TABLE job_counts_new RENAME TO job_counts;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
