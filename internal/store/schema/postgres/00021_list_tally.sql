-- +goose Up

-- The number of rows of a list in a block of 4,096 ids, and the times of the first and the last. It
-- covers the rows with ids up to list_upto. See docs/adr/0007 and listtally.go.
--   list 1: events; key is the Workspace
--   list 2: events that a user caused; key is the Workspace, sub the user
--   list 3: audit entries; key is a Workspace in which the entry is listed
--   list 4: migrations; key is a set of Workspaces (ledger_sets.set_id)
--   list 5: the same in total (block 0)
--   list 6: all migrations (key 0)
CREATE TABLE list_tally (
    list     SMALLINT NOT NULL,
    key      BIGINT NOT NULL,
    sub      BIGINT NOT NULL,
    block    BIGINT NOT NULL,
    items    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (list, key, sub, block)
);

-- The highest id that list_tally covers, for events (1), audit entries (3) and ledger entries (4).
CREATE TABLE list_upto (
    list SMALLINT NOT NULL PRIMARY KEY,
    upto BIGINT NOT NULL
);
INSERT INTO list_upto (list, upto) VALUES (1, 0), (3, 0), (4, 0);

-- The sources and the target of a migration are a set of Workspaces. There is one row for each
-- Workspace of each set; set_id is a hash of the ids of its Workspaces.
CREATE TABLE ledger_sets (
    workspace_id BIGINT NOT NULL,
    set_id       BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, set_id)
);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
