-- +goose Up

-- A refresh token is spent once its successor has been used. predecessor is the hash of the token
-- for which this one was issued, NULL for the first of a family. successor_key is random; the
-- successor is derived from it and from the text of the token, which is not stored. It is NULL
-- before the first use and after the token is spent.
ALTER TABLE refresh_tokens ADD COLUMN predecessor BLOB;
ALTER TABLE refresh_tokens ADD COLUMN successor_key BLOB;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
