-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- Searches for SIMs by number, among millions. Most SIMs have no EID.
CREATE INDEX sims_imsi ON sims (imsi) WHERE imsi <> '';
CREATE INDEX sims_msisdn ON sims (msisdn) WHERE msisdn <> '';
CREATE INDEX sims_eid ON sims (eid) WHERE eid <> '';

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
