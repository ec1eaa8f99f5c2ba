-- +goose Up

-- A migration is found by its reference. Most have none.
CREATE INDEX ledger_reference ON ledger (reference, id) WHERE reference IS NOT NULL;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
