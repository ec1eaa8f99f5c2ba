-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- The Workspace that a key was used in is part of it. 0 is that of the operator's keys, and of
-- those that a server of an earlier version stored, which did not know it: they count in every
-- Workspace of their caller until they are swept.
ALTER TABLE idempotency
    ADD COLUMN workspace_id BIGINT NOT NULL DEFAULT 0,
    DROP CONSTRAINT idempotency_pkey,
    ADD PRIMARY KEY (user_id, token_id, operation, key, workspace_id);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
