-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- What allowed the caller to move the SIMs of this row's Workspace, the source or the target: 0 in
-- entries of an earlier version, 1 the caller's role in the Workspace, 2 the caller's Workspace issued or resells the SIM, 3 the registration code of
-- a batch.
ALTER TABLE ledger_sides ADD COLUMN authority SMALLINT NOT NULL DEFAULT 0;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
