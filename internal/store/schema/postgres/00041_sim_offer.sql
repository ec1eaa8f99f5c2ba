-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- offer_id is the open offer that has the SIM, NULL for none. No other migration may move the SIM
-- meanwhile. It is a column of the SIM, so that the lock of the row covers it.
ALTER TABLE sims ADD COLUMN offer_id BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
