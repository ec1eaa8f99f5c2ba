-- +goose Up

-- 1 if moves of SIMs into and out of the Workspace must state a reason.
ALTER TABLE workspaces ADD COLUMN reason_required INTEGER NOT NULL DEFAULT 0 CHECK (reason_required IN (0, 1));

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
