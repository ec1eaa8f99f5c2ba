-- +goose Up

-- The number of rows of a list in a block of 4,096 ids, and the times of the first and the last. It
-- covers the rows with ids up to list_upto. See docs/adr/0007 and listtally.go.
--   list 1: events of the Workspace key          list 2: ... that the user sub caused
--   list 3: audit entries filed in Workspace key
--   list 4: migrations whose sides are the set key (ledger_sets)
--   list 5: ... in total (block 0)               list 6: all migrations (key 0)
CREATE TABLE list_tally (
    list     INTEGER NOT NULL,
    key      INTEGER NOT NULL,
    sub      INTEGER NOT NULL,
    block    INTEGER NOT NULL,
    items    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (list, key, sub, block)
) STRICT, WITHOUT ROWID;

-- The highest id that list_tally covers, for events (1), audit entries (3) and ledger entries (4).
CREATE TABLE list_upto (
    list INTEGER NOT NULL PRIMARY KEY,
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO list_upto (list, upto) VALUES (1, 0), (3, 0), (4, 0);

-- The sets of Workspaces that are the sides of some migration.
CREATE TABLE ledger_sets (
    workspace_id INTEGER NOT NULL,
    set_id       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, set_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
