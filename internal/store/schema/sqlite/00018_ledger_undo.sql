-- +goose Up

-- undoes is the entry that an undo reverses, and the options of the undo follow; NULL for other
-- entries. reference and reason are set by the caller; NULL if missing.
ALTER TABLE ledger ADD COLUMN undoes INTEGER;
ALTER TABLE ledger ADD COLUMN restore_status INTEGER CHECK (restore_status IN (0, 1));
ALTER TABLE ledger ADD COLUMN restore_devices INTEGER CHECK (restore_devices IN (0, 1));
ALTER TABLE ledger ADD COLUMN reference TEXT;
ALTER TABLE ledger ADD COLUMN reason TEXT;
CREATE INDEX ledger_undoes ON ledger (undoes, id) WHERE undoes IS NOT NULL;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
