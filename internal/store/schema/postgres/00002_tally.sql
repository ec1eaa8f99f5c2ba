-- +goose Up

-- How many SIMs of a status a Workspace has among a run of ids, so that a list knows its
-- total and finds its page without counting rows. Level 1 counts 1,024 ids (block is
-- id >> 10), level 2 counts 65,536 (id >> 16).
CREATE TABLE sim_tally (
    workspace_id BIGINT NOT NULL,
    level        SMALLINT NOT NULL CHECK (level IN (1, 2)),
    status       SMALLINT NOT NULL CHECK (status BETWEEN 0 AND 4),
    block        BIGINT NOT NULL,
    sims         BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, level, status, block)
);

-- What transactions have added and taken away since; block is of level 1. Rows are only
-- added, so that two migrations never wait for the same count. From time to time they are
-- folded into sim_tally; the truth is always the sum of both.
CREATE TABLE sim_tally_changes (
    id           BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    status       SMALLINT NOT NULL,
    block        BIGINT NOT NULL,
    sims         BIGINT NOT NULL
);

INSERT INTO sim_tally (workspace_id, level, status, block, sims)
SELECT workspace_id, 1, status, id >> 10, count(*) FROM sims GROUP BY 1, 3, 4;

INSERT INTO sim_tally (workspace_id, level, status, block, sims)
SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 GROUP BY 1, 3, 4;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
