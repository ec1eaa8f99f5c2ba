-- +goose Up

-- The name of device_before at the time of the change. NULL for no device, and in lines that an
-- earlier version wrote.
ALTER TABLE ledger_lines ADD COLUMN device_name TEXT;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
