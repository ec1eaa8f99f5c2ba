-- +goose Up

-- A deleted SIM is found by its ICCID, for its events. sims_iccid has the others.
CREATE INDEX sims_deleted ON sims (iccid) WHERE status = 3;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step is never taken back: restore a backup');
