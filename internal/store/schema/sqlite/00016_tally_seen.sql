-- +goose Up

-- The SIMs that an issuer or reseller sees are counted too, under the negative id of its Workspace
-- and status 0. See 00002_tally.sql.
INSERT INTO sim_tally (workspace_id, level, status, block, sims)
SELECT -viewer, 1, 0, block, count(*) FROM (
    SELECT s.issuer_id AS viewer, s.id >> 10 AS block FROM sims s WHERE s.status <> 3
    UNION ALL
    SELECT s.reseller_id, s.id >> 10 FROM sims s WHERE s.status <> 3 AND s.reseller_id IS NOT NULL AND s.reseller_id <> s.issuer_id
    UNION ALL
    SELECT s.workspace_id, s.id >> 10 FROM sims s JOIN workspaces w ON w.id = s.workspace_id
    WHERE w.type <> 4 AND s.status <> 3 AND s.workspace_id <> s.issuer_id AND s.workspace_id IS DISTINCT FROM s.reseller_id
) u GROUP BY viewer, block;

INSERT INTO sim_tally (workspace_id, level, status, block, sims)
SELECT workspace_id, 2, 0, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 AND workspace_id < 0 GROUP BY workspace_id, block >> 6;

-- +goose Down
SELECT RAISE(FAIL, 'a schema step cannot be undone: restore a backup');
