package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// PreviewSnapshot reads the snapshot of a dry run at one instant. On PostgreSQL that is one
// statement, which needs no transaction around it; on SQLite, where nothing travels, two
// in one transaction are quicker.
func (s *Store) PreviewSnapshot(ctx context.Context, who Caller, req fleet.MigrationRequest) (snap fleet.Snapshot, err error) {
	if s.Dialect() == SQLite {
		err = s.View(ctx, func(tx *Tx) error {
			snap, err = tx.Snapshot(ctx, who, req, false)
			return err
		})
		return snap, err
	}
	err = s.Read(ctx, func(tx *Tx) error {
		snap, err = tx.previewPostgres(ctx, who, req)
		return err
	})
	return snap, err
}

// previewPostgres reads rows of two kinds: SIMs (0), and the Workspaces of the target and
// of those SIMs with the caller's role (1).
func (tx *Tx) previewPostgres(ctx context.Context, who Caller, req fleet.MigrationRequest) (fleet.Snapshot, error) {
	w := where{tx: tx}
	text := `WITH picked AS MATERIALIZED (` + w.selection(who, req.Select) + `)
		SELECT 0, id, iccid, status::bigint, workspace_id, version, device_id, device_name FROM picked
		UNION ALL
		SELECT 1, w.id, w.name, w.type, w.status, CASE WHEN u.super_admin = 1 THEN ` + w.arg(int64(fleet.SuperAdmin)) + `
			ELSE COALESCE((SELECT MIN(r.role) FROM memberships m JOIN membership_roles r USING (user_id, workspace_id)
				WHERE m.user_id = u.id AND m.workspace_id = w.id AND m.status = 1), 0) END, COALESCE(w.parent_id, 0), w.country
		FROM workspaces w JOIN users u ON u.id = ` + w.arg(int64(who.User)) + `
		WHERE w.id = ` + w.arg(int64(req.Target)) + ` OR w.id IN (SELECT workspace_id FROM picked)`
	snap := fleet.Snapshot{Workspaces: make(map[fleet.WorkspaceID]fleet.Standing), SIMs: make([]fleet.SIMState, 0, fleet.MaxSIMs)}
	err := tx.each(ctx, text, w.args, func(r rows) error {
		var kind, id, a, b, c, d int64
		var name, other string
		if err := r.Scan(&kind, &id, &name, &a, &b, &c, &d, &other); err != nil {
			return err
		}
		if kind == 0 {
			snap.SIMs = append(snap.SIMs, fleet.SIMState{
				ID: fleet.SIMID(id), ICCID: fleet.ICCID(name), Status: fleet.SIMStatus(a), Workspace: fleet.WorkspaceID(b),
				Version: c, Device: fleet.DeviceID(d), DeviceName: other,
			})
			return nil
		}
		snap.Workspaces[fleet.WorkspaceID(id)] = fleet.Standing{Role: fleet.Role(c), Workspace: fleet.Workspace{
			ID: fleet.WorkspaceID(id), Name: name, Type: fleet.WorkspaceType(a), Status: fleet.WorkspaceStatus(b), Parent: fleet.WorkspaceID(d), Country: other,
		}}
		return nil
	})
	return narrowed(snap, req.Target), err
}
