package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// The tally also counts the SIMs that an issuer or a reseller sees: those that are not deleted
// and that it issued, resells or, if it is not an enterprise, has in its own Workspace. These
// counts have the negative id of the Workspace as their key, and status 0. A migration between
// enterprises changes none of them.

func seenBy(viewer fleet.WorkspaceID) counted { return counted{-viewer, []int64{0}} }

// SeenSIMs has a row for each SIM and each Workspace that sees it beyond its own fleet.
const SeenSIMs = `
	SELECT s.issuer_id AS viewer, s.id >> 10 AS block FROM sims s WHERE s.status <> ` + deletedSIM + `
	UNION ALL
	SELECT s.reseller_id, s.id >> 10 FROM sims s WHERE s.status <> ` + deletedSIM + ` AND s.reseller_id IS NOT NULL AND s.reseller_id <> s.issuer_id
	UNION ALL
	SELECT s.workspace_id, s.id >> 10 FROM sims s JOIN workspaces w ON w.id = s.workspace_id
	WHERE w.type <> ` + enterpriseType + ` AND s.status <> ` + deletedSIM + ` AND s.workspace_id <> s.issuer_id AND s.workspace_id IS DISTINCT FROM s.reseller_id`

// deletes reports whether a change deletes a SIM, or brings a deleted one back.
func (c Change) deletes() bool {
	for _, l := range c.Lines {
		if (l.Before.Status == fleet.SIMDeleted) != (l.After.Status == fleet.SIMDeleted) {
			return true
		}
	}
	return false
}

// stockMovedSQLite reports whether one of the Workspaces is not an enterprise.
const stockMovedSQLite = "SELECT EXISTS (SELECT 1 FROM workspaces w WHERE w.type <> " + enterpriseType + " AND w.id IN (SELECT value FROM json_each($1)))"

// countSeenByLines records the changes by the lines of an entry. UNION removes a second reason
// of the same Workspace to see a SIM.
const countSeenByLines = `
	INSERT INTO sim_tally_changes (workspace_id, status, block, sims)
	SELECT -viewer, 0, sim_id >> 10, sum(n) FROM (
		SELECT l.sim_id, s.issuer_id AS viewer, -1 AS n FROM ledger_lines l JOIN sims s ON s.id = l.sim_id WHERE l.ledger_id = $1 AND l.status_before <> ` + deletedSIM + `
		UNION SELECT l.sim_id, s.reseller_id, -1 FROM ledger_lines l JOIN sims s ON s.id = l.sim_id
			WHERE l.ledger_id = $1 AND l.status_before <> ` + deletedSIM + ` AND s.reseller_id IS NOT NULL
		UNION SELECT l.sim_id, w.id, -1 FROM ledger_lines l JOIN workspaces w ON w.id = l.workspace_before AND w.type <> ` + enterpriseType + `
			WHERE l.ledger_id = $1 AND l.status_before <> ` + deletedSIM + `
		UNION SELECT l.sim_id, s.issuer_id, 1 FROM ledger_lines l JOIN sims s ON s.id = l.sim_id WHERE l.ledger_id = $1 AND l.status_after <> ` + deletedSIM + `
		UNION SELECT l.sim_id, s.reseller_id, 1 FROM ledger_lines l JOIN sims s ON s.id = l.sim_id
			WHERE l.ledger_id = $1 AND l.status_after <> ` + deletedSIM + ` AND s.reseller_id IS NOT NULL
		UNION SELECT l.sim_id, w.id, 1 FROM ledger_lines l JOIN workspaces w ON w.id = l.workspace_after AND w.type <> ` + enterpriseType + `
			WHERE l.ledger_id = $1 AND l.status_after <> ` + deletedSIM + `
	) u GROUP BY viewer, sim_id >> 10 HAVING sum(n) <> 0 ORDER BY 1, 3`

// countSeenByOwners records the changes by a new issuer ($2) and reseller ($3, or 0) of a SIM.
const countSeenByOwners = `
	INSERT INTO sim_tally_changes (workspace_id, status, block, sims)
	SELECT -viewer, 0, id >> 10, sum(n) FROM (
		SELECT s.id, s.issuer_id AS viewer, -1 AS n FROM sims s WHERE s.id = $1 AND s.status <> ` + deletedSIM + `
		UNION SELECT s.id, s.reseller_id, -1 FROM sims s WHERE s.id = $1 AND s.status <> ` + deletedSIM + ` AND s.reseller_id IS NOT NULL
		UNION SELECT s.id, w.id, -1 FROM sims s JOIN workspaces w ON w.id = s.workspace_id AND w.type <> ` + enterpriseType + ` WHERE s.id = $1 AND s.status <> ` + deletedSIM + `
		UNION SELECT s.id, CAST($2 AS BIGINT), 1 FROM sims s WHERE s.id = $1 AND s.status <> ` + deletedSIM + `
		UNION SELECT s.id, CAST($3 AS BIGINT), 1 FROM sims s WHERE s.id = $1 AND s.status <> ` + deletedSIM + ` AND $3 <> 0
		UNION SELECT s.id, w.id, 1 FROM sims s JOIN workspaces w ON w.id = s.workspace_id AND w.type <> ` + enterpriseType + ` WHERE s.id = $1 AND s.status <> ` + deletedSIM + `
	) u GROUP BY viewer, id >> 10 HAVING sum(n) <> 0 ORDER BY 1, 3`

// addSeen adds imported SIMs to the counts of the Workspaces that see them.
func (tx *Tx) addSeen(ctx context.Context, t tallySum, sims []fleet.SIM) error {
	stock, err := tx.stockAmong(ctx, sims)
	if err != nil {
		return err
	}
	for _, s := range sims {
		if s.Status == fleet.SIMDeleted {
			continue
		}
		viewers := map[fleet.WorkspaceID]bool{s.Issuer: true}
		if s.Reseller != 0 {
			viewers[s.Reseller] = true
		}
		if stock[s.Workspace] {
			viewers[s.Workspace] = true
		}
		for viewer := range viewers {
			t[[3]int64{-int64(viewer), 0, int64(s.ID) >> blockBits}]++
		}
	}
	return nil
}

// stockAmong returns the Workspaces of the SIMs that are not enterprises.
func (tx *Tx) stockAmong(ctx context.Context, sims []fleet.SIM) (map[fleet.WorkspaceID]bool, error) {
	all := make(map[int64]bool)
	var ids []int64
	for _, s := range sims {
		if id := int64(s.Workspace); !all[id] {
			all[id], ids = true, append(ids, id)
		}
	}
	w := where{tx: tx}
	w.and(w.in("id", arrayParam(tx, ids)))
	stock := make(map[fleet.WorkspaceID]bool)
	err := tx.queryEach(ctx, "SELECT id FROM workspaces WHERE type <> "+enterpriseType+" AND "+w.String(), w.args, func(r rows) error {
		var id int64
		err := r.Scan(&id)
		stock[fleet.WorkspaceID(id)] = true
		return err
	})
	return stock, err
}
