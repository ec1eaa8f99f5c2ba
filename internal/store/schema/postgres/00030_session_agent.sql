-- +goose Up

-- The User-Agent header of the sign-in, by which users recognize their sessions.
ALTER TABLE refresh_tokens ADD COLUMN agent TEXT COLLATE "C";

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
