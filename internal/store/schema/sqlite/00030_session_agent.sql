-- +goose Up

-- What the client of a session called itself at its sign-in, so that users can tell their sessions
-- apart.
ALTER TABLE refresh_tokens ADD COLUMN agent TEXT;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
