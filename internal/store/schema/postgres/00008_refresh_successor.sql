-- +goose NO TRANSACTION
-- +goose Up

-- A refresh token is spent once its successor has been used. predecessor is the hash of the token
-- for which this one was issued, NULL for the first of a family. successor_key is random; the
-- successor is derived from it and from the text of the token, which is not stored. It is NULL
-- before the first use and after the token is spent.
-- +goose StatementBegin
SET LOCAL lock_timeout = '2s';
ALTER TABLE refresh_tokens ADD COLUMN IF NOT EXISTS predecessor BYTEA, ADD COLUMN IF NOT EXISTS successor_key BYTEA;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
