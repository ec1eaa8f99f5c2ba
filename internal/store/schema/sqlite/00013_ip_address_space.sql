-- +goose Up

-- The address space that a client sets together with the IP address of a device; NULL for none.
-- Simferry only stores and returns it: it does not manage IP addresses.
ALTER TABLE devices ADD COLUMN ip_address_space_id INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
