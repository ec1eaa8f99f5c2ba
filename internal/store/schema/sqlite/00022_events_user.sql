-- +goose Up

-- Finds the events that a user caused in a Workspace, among millions.
CREATE INDEX events_user ON events (user_id, workspace_id, id) WHERE user_id IS NOT NULL;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
