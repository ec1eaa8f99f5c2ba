-- +goose Up

-- The address space that a client names with the address of a device; NULL for none. It is kept
-- and shown again: Simferry manages no addresses.
ALTER TABLE devices ADD COLUMN ip_address_space_id INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
