-- +goose Up

-- How many SIMs of a status a Workspace has among a run of ids, so that a list knows its
-- total and finds its page without counting rows. Level 1 counts 1,024 ids (block is
-- id >> 10), level 2 counts 65,536 (id >> 16).
CREATE TABLE sim_tally (
    workspace_id INTEGER NOT NULL,
    level        INTEGER NOT NULL CHECK (level IN (1, 2)),
    status       INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
    block        INTEGER NOT NULL,
    sims         INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, level, status, block)
) STRICT, WITHOUT ROWID;

-- What transactions have added and taken away since; block is of level 1. Rows are only
-- added, so that two migrations never wait for the same count. From time to time they are
-- folded into sim_tally; the truth is always the sum of both.
CREATE TABLE sim_tally_changes (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    block        INTEGER NOT NULL,
    sims         INTEGER NOT NULL
) STRICT;

INSERT INTO sim_tally (workspace_id, level, status, block, sims)
SELECT workspace_id, 1, status, id >> 10, count(*) FROM sims GROUP BY 1, 3, 4;

INSERT INTO sim_tally (workspace_id, level, status, block, sims)
SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 GROUP BY 1, 3, 4;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
