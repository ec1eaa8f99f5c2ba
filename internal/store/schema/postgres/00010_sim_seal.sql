-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- A checksum over the identity of a SIM as it was imported: ICCID, EID, IMSI, MSISDN, date of
-- production, model, batch, issuer, reseller and first activation. It never changes. The lines of
-- the ledger lead from the imported issuer, reseller and activation to the present ones. NULL until
-- a server has sealed a SIM that was imported before this step or by an older server.
ALTER TABLE sims ADD COLUMN seal BIGINT;
CREATE INDEX sims_unsealed ON sims (id) WHERE seal IS NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
