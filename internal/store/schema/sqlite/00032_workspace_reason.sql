-- +goose Up

-- Whether SIMs enter and leave the Workspace only with a reason.
ALTER TABLE workspaces ADD COLUMN reason_required INTEGER NOT NULL DEFAULT 0 CHECK (reason_required IN (0, 1));

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
