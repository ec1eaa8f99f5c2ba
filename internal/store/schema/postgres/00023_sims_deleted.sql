-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Finds the events of a deleted SIM by its ICCID. sims_iccid covers the other SIMs.
CREATE INDEX sims_deleted ON sims (iccid) WHERE status = 3;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
