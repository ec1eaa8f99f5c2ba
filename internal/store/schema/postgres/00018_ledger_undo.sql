-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- undoes is the entry that an undo reverses, and the options of the undo follow; NULL for other
-- entries. reference and reason are set by the caller; NULL if missing.
ALTER TABLE ledger
    ADD COLUMN undoes BIGINT,
    ADD COLUMN restore_status SMALLINT CHECK (restore_status IN (0, 1)),
    ADD COLUMN restore_devices SMALLINT CHECK (restore_devices IN (0, 1)),
    ADD COLUMN reference TEXT COLLATE "C",
    ADD COLUMN reason TEXT COLLATE "C";
CREATE INDEX ledger_undoes ON ledger (undoes, id) WHERE undoes IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
