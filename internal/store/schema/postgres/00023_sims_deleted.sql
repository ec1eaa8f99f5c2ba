-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- A deleted SIM is found by its ICCID, for its events. sims_iccid has the others.
CREATE INDEX sims_deleted ON sims (iccid) WHERE status = 3;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
