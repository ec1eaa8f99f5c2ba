-- +goose Up

-- The effects of a job's plan when it was made: numbers of SIMs by source (0 for none), verdict,
-- reasons, status before and after (-1 for none), and whether they are in a device before and
-- after.
CREATE TABLE job_effects (
    job_id        INTEGER NOT NULL,
    workspace_id  INTEGER NOT NULL,
    verdict       INTEGER NOT NULL,
    codes         TEXT    NOT NULL,
    status_before INTEGER NOT NULL,
    status_after  INTEGER NOT NULL,
    device_before INTEGER NOT NULL CHECK (device_before IN (0, 1)),
    device_after  INTEGER NOT NULL CHECK (device_after IN (0, 1)),
    sims          INTEGER NOT NULL,
    PRIMARY KEY (job_id, workspace_id, verdict, codes, status_before, status_after, device_before, device_after)
) STRICT, WITHOUT ROWID;

INSERT INTO job_effects
SELECT job_id, COALESCE(source_id, 0), verdict, COALESCE(codes, ''), -1, -1, 0, 0, count(*) FROM job_sims
GROUP BY job_id, COALESCE(source_id, 0), verdict, COALESCE(codes, '');

-- Moves that users prepare in the console: the selected SIMs and the form with the options. job_id
-- is the newest job that was planned from the draft.
CREATE TABLE move_drafts (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL,
    source     TEXT    NOT NULL,
    selection  TEXT    NOT NULL,
    form       TEXT    NOT NULL,
    job_id     INTEGER,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX move_drafts_user ON move_drafts (user_id, id);
CREATE INDEX move_drafts_expiry ON move_drafts (expires_at);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
