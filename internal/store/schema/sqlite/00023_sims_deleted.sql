-- +goose Up

-- Finds the events of a deleted SIM by its ICCID. sims_iccid covers the other SIMs.
CREATE INDEX sims_deleted ON sims (iccid) WHERE status = 3;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
