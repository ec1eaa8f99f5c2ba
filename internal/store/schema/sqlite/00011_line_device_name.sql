-- +goose Up

-- The name that device_before had at the time of the change. NULL for no device, and in lines
-- that an earlier version wrote.
ALTER TABLE ledger_lines ADD COLUMN device_name TEXT;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
