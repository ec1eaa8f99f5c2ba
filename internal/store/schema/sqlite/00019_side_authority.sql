-- +goose Up

-- What allowed the caller to move the SIMs of this row's Workspace, the source or the target: 0 in
-- entries of an earlier version, 1 the caller's role in the Workspace, 2 the caller's Workspace issued or resells the SIM, 3 the registration code of
-- a batch.
ALTER TABLE ledger_sides ADD COLUMN authority INTEGER NOT NULL DEFAULT 0;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
