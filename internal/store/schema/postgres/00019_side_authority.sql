-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- By which authority SIMs moved on a side: 0 in entries of an earlier version, 1 the caller's role
-- in the Workspace, 2 the caller's Workspace issued or resells the SIM, 3 the code of a batch.
ALTER TABLE ledger_sides ADD COLUMN authority SMALLINT NOT NULL DEFAULT 0;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
