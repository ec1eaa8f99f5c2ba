-- +goose Up

-- Versions of the rules of migrations. A row has, as JSON, all rules of a Workspace, or of the
-- installation if workspace_id is NULL. It is in force from its version until the next row of the
-- same owner. Rows never change.
CREATE TABLE rule_sets (
    version      BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT REFERENCES workspaces (id),
    at           BIGINT NOT NULL,
    user_id      BIGINT REFERENCES users (id),
    rules        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX rule_sets_workspace ON rule_sets (workspace_id, version);

INSERT INTO rule_sets (version, at, rules) VALUES (1, 0, '[{"id":"BR-1","version":1,"effect":"refuse","when":[{"source_country":["BR"],"target_country_not":["BR"]},{"source_country_not":["BR"],"target_country":["BR"]}],"code":1505,"message":"Migration between Brazilian and non-Brazilian workspaces is not allowed"}]');

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'a schema step cannot be undone: restore a backup'; END $$;
-- +goose StatementEnd
