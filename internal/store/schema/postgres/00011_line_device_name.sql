-- +goose NO TRANSACTION
-- +goose Up

-- The name of device_before at the time of the change. NULL for no device, and in lines that an
-- earlier version wrote.
-- +goose StatementBegin
SET LOCAL lock_timeout = '2s';
ALTER TABLE ledger_lines ADD COLUMN IF NOT EXISTS device_name TEXT COLLATE "C";
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
