-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Finds the events of a SIM or device in one Workspace without reading those in others, because the
-- time that takes would reveal their number.
DROP INDEX events_sim;
DROP INDEX events_device;
CREATE INDEX events_sim ON events (sim_id, workspace_id, id) WHERE sim_id IS NOT NULL;
CREATE INDEX events_device ON events (device_id, workspace_id, id) WHERE device_id IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
