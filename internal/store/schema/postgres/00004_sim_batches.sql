-- +goose Up

-- SIM models. Every SIM has one; 1 is the default.
CREATE TABLE sim_models (
    id              BIGINT NOT NULL PRIMARY KEY,
    description     TEXT COLLATE "C" NOT NULL,
    memory_size     TEXT COLLATE "C" NOT NULL,
    formfactor_id   BIGINT NOT NULL,
    formfactor      TEXT COLLATE "C" NOT NULL,
    manufacturer_id BIGINT NOT NULL,
    manufacturer    TEXT COLLATE "C" NOT NULL
);
INSERT INTO sim_models (id, description, memory_size, formfactor_id, formfactor, manufacturer_id, manufacturer)
VALUES (1, 'Standard SIM', '128', 1, '2FF/3FF/4FF', 1, 'Unknown');

-- No foreign key: SQLite cannot add one to a column that has a default. fsck checks this reference.
ALTER TABLE sims ADD COLUMN model_id BIGINT NOT NULL DEFAULT 1;

-- The registration code of the batch in which the SIM was delivered; NULL for none.
ALTER TABLE sims ADD COLUMN bic TEXT COLLATE "C" CHECK (length(bic) = 16);
CREATE INDEX sims_bic ON sims (bic, id) WHERE bic IS NOT NULL;
CREATE INDEX sims_reseller ON sims (reseller_id, id) WHERE reseller_id IS NOT NULL;

-- Registered batches. A registration code can be used once.
CREATE TABLE sim_batches (
    bic           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id  BIGINT NOT NULL REFERENCES workspaces (id),
    ledger_id     BIGINT NOT NULL,
    registered_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sim_batches_ledger ON sim_batches (ledger_id);

-- Changes of issuer and reseller by a ledger line. Most lines change neither and have no row.
CREATE TABLE ledger_owners (
    sim_id          BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    issuer_before   BIGINT NOT NULL,
    issuer_after    BIGINT NOT NULL,
    reseller_before BIGINT,
    reseller_after  BIGINT,
    PRIMARY KEY (sim_id, version)
);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
