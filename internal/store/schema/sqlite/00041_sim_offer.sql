-- +goose Up

-- offer_id is the open offer that has the SIM, NULL for none. No other migration may move the SIM
-- meanwhile. It is a column of the SIM, so that the lock of the row covers it.
ALTER TABLE sims ADD COLUMN offer_id INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
