-- +goose Up

-- What the client of a session called itself at its sign-in, so that users can tell their sessions
-- apart.
ALTER TABLE refresh_tokens ADD COLUMN agent TEXT COLLATE "C";

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
