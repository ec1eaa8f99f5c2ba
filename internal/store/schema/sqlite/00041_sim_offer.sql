-- +goose Up

-- offer_id is the open offer that a SIM is part of: no other migration may move it. NULL for none. It is
-- in the row of the SIM, so that the lock of the row covers it.
ALTER TABLE sims ADD COLUMN offer_id INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
