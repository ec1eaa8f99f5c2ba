-- +goose Up

-- Jobs: durable work on many SIMs. Package fleet encodes kind, state, options, selection and
-- details. attempt is the fencing token: each lease has a new one, and a server can only record a
-- chunk with the newest. next_at is when a server must check the job again, NULL for never.
CREATE TABLE jobs (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    details      TEXT    NOT NULL,
    user_id      INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    target_id    INTEGER,
    origin_id    INTEGER,
    options      TEXT    NOT NULL,
    selection    TEXT    NOT NULL,
    reference    TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    etag         TEXT    NOT NULL,
    digest       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    planned_at   INTEGER,
    started_at   INTEGER,
    ended_at     INTEGER,
    expires_at   INTEGER,
    part         INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    cursor       INTEGER,
    done         INTEGER NOT NULL,
    wave         INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    lease_owner  TEXT    NOT NULL,
    lease_until  INTEGER NOT NULL,
    next_at      INTEGER
) STRICT;
CREATE INDEX jobs_next ON jobs (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX jobs_user ON jobs (user_id, id);

-- The Workspaces that a job concerns: its target (side 1) and its sources (side 0).
CREATE TABLE job_sides (
    workspace_id INTEGER NOT NULL,
    job_id       INTEGER NOT NULL,
    side         INTEGER NOT NULL CHECK (side IN (0, 1)),
    PRIMARY KEY (workspace_id, job_id, side)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_sides_job ON job_sides (job_id, side, workspace_id);

-- The frozen plan of a job and its result for each SIM. pos orders the SIMs: it is the id of the
-- SIM, its negative in an undo, and a negative number for a line of the selection without a SIM.
-- given is the text of such a line.
CREATE TABLE job_sims (
    job_id    INTEGER NOT NULL,
    pos       INTEGER NOT NULL,
    sim_id    INTEGER,
    line      INTEGER,
    version   INTEGER,
    source_id INTEGER,
    verdict   INTEGER NOT NULL,
    codes     TEXT,
    given     TEXT,
    undoes    INTEGER,
    entry     INTEGER,
    PRIMARY KEY (job_id, pos)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_sims_failed ON job_sims (job_id, verdict, pos) WHERE verdict > 1;

-- The number of SIMs by source (0 for none) and verdict.
CREATE TABLE job_counts (
    job_id       INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    verdict      INTEGER NOT NULL,
    sims         INTEGER NOT NULL,
    PRIMARY KEY (job_id, workspace_id, verdict)
) STRICT, WITHOUT ROWID;

-- The ledger entries that a job has written.
CREATE TABLE job_entries (
    job_id    INTEGER NOT NULL,
    ledger_id INTEGER NOT NULL,
    PRIMARY KEY (job_id, ledger_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX job_entries_ledger ON job_entries (ledger_id);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
