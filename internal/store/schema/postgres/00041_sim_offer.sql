-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.bring

-- offer_id is the open offer that a SIM is part of: no other migration may move it. NULL for none. It is
-- in the row of the SIM, so that the lock of the row covers it.
ALTER TABLE sims ADD COLUMN offer_id BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
