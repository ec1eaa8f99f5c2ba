-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Finds the events that a user caused in a Workspace, among millions.
CREATE INDEX events_user ON events (user_id, workspace_id, id) WHERE user_id IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
