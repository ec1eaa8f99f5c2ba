-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The key is unique within its Workspace. 0 is used for the keys of the operator, and by servers of
-- earlier versions: such keys count in every Workspace of their caller until they expire.
ALTER TABLE idempotency
    ADD COLUMN workspace_id BIGINT NOT NULL DEFAULT 0,
    DROP CONSTRAINT idempotency_pkey,
    ADD PRIMARY KEY (user_id, token_id, operation, key, workspace_id);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
