-- +goose Up

-- Searches for SIMs by number, among millions. Most SIMs have no EID.
CREATE INDEX sims_imsi ON sims (imsi) WHERE imsi <> '';
CREATE INDEX sims_msisdn ON sims (msisdn) WHERE msisdn <> '';
CREATE INDEX sims_eid ON sims (eid) WHERE eid <> '';

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
