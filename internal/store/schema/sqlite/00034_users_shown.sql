-- +goose Up

-- Finds users by the address or name that is shown, for filters of events.
CREATE INDEX users_shown ON users (COALESCE(former_username, username));
CREATE INDEX users_name ON users (name);

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
