-- +goose Up

-- The version of the rule set that decided a migration, NULL for an entry of an earlier version of
-- the program.
ALTER TABLE ledger ADD COLUMN rule_set INTEGER;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
