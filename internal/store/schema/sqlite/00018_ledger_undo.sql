-- +goose Up

-- undoes is the entry that an undo takes back, with what it restores; NULL for other entries.
-- reference and reason are what the caller said about the change; NULL for nothing.
ALTER TABLE ledger ADD COLUMN undoes INTEGER;
ALTER TABLE ledger ADD COLUMN restore_status INTEGER CHECK (restore_status IN (0, 1));
ALTER TABLE ledger ADD COLUMN restore_devices INTEGER CHECK (restore_devices IN (0, 1));
ALTER TABLE ledger ADD COLUMN reference TEXT;
ALTER TABLE ledger ADD COLUMN reason TEXT;
CREATE INDEX ledger_undoes ON ledger (undoes, id) WHERE undoes IS NOT NULL;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
