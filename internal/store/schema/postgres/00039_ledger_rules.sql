-- +goose Up

-- The version of the rule set that was in force for a migration, NULL in entries of an earlier
-- version of Simferry.
ALTER TABLE ledger ADD COLUMN rule_set BIGINT;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
