-- +goose Up

-- The number of SIMs of a Workspace and status in a block of ids, so that a list gets its total and
-- finds a page without counting rows. Blocks of level 1 have 1,024 ids (block is id >> 10), blocks
-- of level 2 have 65,536 (id >> 16).
CREATE TABLE sim_tally (
    workspace_id INTEGER NOT NULL,
    level        INTEGER NOT NULL CHECK (level IN (1, 2)),
    status       INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),
    block        INTEGER NOT NULL,
    sims         INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, level, status, block)
) STRICT, WITHOUT ROWID;

-- Changes of sim_tally that are not yet applied; block is of level 1. Transactions only insert
-- rows, so that two migrations never wait for the same count. The rows are folded into sim_tally
-- from time to time. The true count is always the sum of both tables.
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
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
