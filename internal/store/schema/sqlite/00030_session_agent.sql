-- +goose Up

-- The User-Agent header of the sign-in, by which users recognize their sessions.
ALTER TABLE refresh_tokens ADD COLUMN agent TEXT;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
