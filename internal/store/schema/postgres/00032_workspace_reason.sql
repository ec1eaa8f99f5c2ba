-- +goose Up

-- 1 if moves of SIMs into and out of the Workspace must state a reason.
ALTER TABLE workspaces ADD COLUMN reason_required SMALLINT NOT NULL DEFAULT 0 CHECK (reason_required IN (0, 1));

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
