-- +goose Up

-- A filter of events by users finds them by the address or the name that is shown.
CREATE INDEX users_shown ON users (COALESCE(former_username, username));
CREATE INDEX users_name ON users (name);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
