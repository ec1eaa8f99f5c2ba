-- +goose Up

-- The effects of an undo are kept for each Workspace to which SIMs return. home_id is 0 in other
-- jobs.
CREATE TABLE job_effects_new (
    job_id        INTEGER NOT NULL,
    workspace_id  INTEGER NOT NULL,
    verdict       INTEGER NOT NULL,
    codes         TEXT    NOT NULL,
    status_before INTEGER NOT NULL,
    status_after  INTEGER NOT NULL,
    device_before INTEGER NOT NULL CHECK (device_before IN (0, 1)),
    device_after  INTEGER NOT NULL CHECK (device_after IN (0, 1)),
    sims          INTEGER NOT NULL,
    home_id       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, workspace_id, home_id, verdict, codes, status_before, status_after, device_before, device_after)
) STRICT, WITHOUT ROWID;
INSERT INTO job_effects_new (job_id, workspace_id, verdict, codes, status_before, status_after, device_before, device_after, sims)
SELECT job_id, workspace_id, verdict, codes, status_before, status_after, device_before, device_after, sims FROM job_effects;
DROP TABLE job_effects;
ALTER TABLE job_effects_new RENAME TO job_effects;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
