-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- A SIM is found by its numbers among millions. Most SIMs have no EID.
CREATE INDEX sims_imsi ON sims (imsi) WHERE imsi <> '';
CREATE INDEX sims_msisdn ON sims (msisdn) WHERE msisdn <> '';
CREATE INDEX sims_eid ON sims (eid) WHERE eid <> '';

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
