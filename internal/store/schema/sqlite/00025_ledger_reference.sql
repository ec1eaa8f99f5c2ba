-- +goose Up

-- Finds migrations by reference. Most have none.
CREATE INDEX ledger_reference ON ledger (reference, id) WHERE reference IS NOT NULL;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
