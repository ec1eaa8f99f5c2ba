-- +goose Up

-- Fields of a device that the API shows. Devices from before this step have no profiles, and were
-- last changed when they were created. change_uid is chosen before the transaction that last wrote
-- the device, so that the server can look up a commit whose outcome is unknown.
ALTER TABLE devices ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN imei TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN imei_lock SMALLINT NOT NULL DEFAULT 0 CHECK (imei_lock IN (0, 1));
ALTER TABLE devices ADD COLUMN ip_address TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN service_profile_id BIGINT;
ALTER TABLE devices ADD COLUMN tariff_profile_id BIGINT;
ALTER TABLE devices ADD COLUMN updated_at BIGINT;
ALTER TABLE devices ADD COLUMN change_uid TEXT COLLATE "C";

CREATE INDEX devices_of_workspace ON devices (workspace_id, id);
CREATE INDEX profiles_of_workspace ON profiles (workspace_id, kind, id);
CREATE INDEX events_device ON events (device_id, id) WHERE device_id IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
