-- +goose Up

SET LOCAL lock_timeout = '2s'; -- see pgEngine.migrate

-- A checksum over what identifies a SIM, as it was imported: ICCID, EID, IMSI, MSISDN, date of
-- production, model, batch, issuer, reseller and first activation. It never changes; what the
-- ledger says of issuer, reseller and activation leads from it to how the SIM is now. NULL until
-- a server has sealed a SIM that is older than this step, or that an older server imported.
ALTER TABLE sims ADD COLUMN seal BIGINT;
CREATE INDEX sims_unsealed ON sims (id) WHERE seal IS NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step is never taken back: restore a backup'; END $$;
-- +goose StatementEnd
