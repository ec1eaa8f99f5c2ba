package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

const workspaceColumns = "w.id, w.name, w.type, w.status, w.country, COALESCE(w.parent_id, 0), w.created_at, w.reason_required"

func scanWorkspace(r rows, w *fleet.Workspace, more ...any) error {
	var created int64
	var reason int
	dest := append([]any{&w.ID, &w.Name, &w.Type, &w.Status, &w.Country, &w.Parent, &created, &reason}, more...)
	err := r.Scan(dest...)
	w.Created, w.ReasonRequired = fromMicros(created), reason != 0
	return err
}

// Workspaces reads those of the ids that exist.
func (tx *Tx) Workspaces(ctx context.Context, ids []fleet.WorkspaceID) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	found := make(map[fleet.WorkspaceID]fleet.Workspace, len(ids))
	ask := tx.workspaces(ids, found)
	return found, tx.queryEach(ctx, ask.text, ask.args, ask.scan)
}

func (tx *Tx) workspaces(ids []fleet.WorkspaceID, found map[fleet.WorkspaceID]fleet.Workspace) statement {
	w := where{tx: tx}
	w.and(w.in("w.id", arrayParam(tx, ids)))
	return workspacesWhere(&w, found)
}

func workspacesWhere(w *where, found map[fleet.WorkspaceID]fleet.Workspace) statement {
	return statement{"SELECT " + workspaceColumns + " FROM workspaces w WHERE " + w.String(), w.args, func(r rows) error {
		var ws fleet.Workspace
		err := scanWorkspace(r, &ws)
		found[ws.ID] = ws
		return err
	}}
}

// AllWorkspaces reads every Workspace, by id. It is for the operator.
func (tx *Tx) AllWorkspaces(ctx context.Context) ([]fleet.Workspace, error) {
	var all []fleet.Workspace
	err := tx.queryEach(ctx, "SELECT "+workspaceColumns+" FROM workspaces w ORDER BY w.id", nil, func(r rows) error {
		var ws fleet.Workspace
		err := scanWorkspace(r, &ws)
		all = append(all, ws)
		return err
	})
	return all, err
}

const workspaceInsertColumns = "id name type status country parent_id created_at"

var putWorkspace = insertion("workspaces", workspaceInsertColumns, `
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, status = excluded.status,
		country = excluded.country, parent_id = excluded.parent_id`)

// workspaceParams returns the values of a new Workspace's row.
func (tx *Tx) workspaceParams(w fleet.Workspace) params {
	return params{
		"id": int64(w.ID), "name": w.Name, "type": int64(w.Type), "status": int64(w.Status), "country": w.Country,
		"parent_id": orNull(w.Parent), "created_at": micros(tx.now),
	}
}

// PutWorkspace creates or updates the Workspace.
func (tx *Tx) PutWorkspace(ctx context.Context, w fleet.Workspace) error {
	return tx.execNamed(ctx, putWorkspace, tx.workspaceParams(w))
}

// RequireReason sets whether SIMs enter and leave a Workspace only with a reason.
func (tx *Tx) RequireReason(ctx context.Context, id fleet.WorkspaceID, required bool) error {
	return tx.exec(ctx, "UPDATE workspaces SET reason_required = $2 WHERE id = $1", int64(id), oneIf(required))
}

// Tables whose ids are assigned by NextID.
const (
	Workspaces        = "workspaces"
	Users             = "users"
	Devices           = "devices"
	SIMs              = "sims"
	ApplicationTokens = "application_tokens"
)

// NextID returns one more than the highest id of a table. Until the transaction ends no other
// transaction gets an id of that table: otherwise two upserts could write the same new row.
func (tx *Tx) NextID(ctx context.Context, table string) (id int64, err error) {
	if err := tx.Hold(ctx, table); err != nil {
		return 0, err
	}
	_, err = tx.queryRow(ctx, "SELECT COALESCE(MAX(id), 0) + 1 FROM "+table, nil, &id)
	return id, err
}

// Hold locks a table against Hold and NextID of other transactions until this one ends. A
// transaction that decides by the table's rows calls it first, in a separate statement, so that
// it sees what the previous holder committed.
func (tx *Tx) Hold(ctx context.Context, table string) error {
	if tx.d != Postgres { // SQLite has one writer at a time
		return nil
	}
	return tx.exec(ctx, "SELECT pg_advisory_xact_lock(1, hashtext($1))", table)
}

// Standings reads Workspaces together with what the user is in each: NoRole if not a member, or
// suspended there. A SuperAdmin has that role in all Workspaces. An Update locks both until it
// ends.
func (tx *Tx) Standings(ctx context.Context, user fleet.UserID, ids []fleet.WorkspaceID) (map[fleet.WorkspaceID]fleet.Standing, error) {
	statements, found := tx.standings(user, ids)
	return found, tx.batch(ctx, statements...)
}

// standings returns the statements of Standings, and the map that they fill.
func (tx *Tx) standings(user fleet.UserID, ids []fleet.WorkspaceID) (statements []statement, found map[fleet.WorkspaceID]fleet.Standing) {
	w := where{tx: tx}
	by := w.arg(int64(user))
	text := standingsOf(by)
	if tx.d == Postgres {
		w.and(memberIDs(w.arg(arrayParam(tx, ids)), by))
	} else {
		w.and(w.in("w.id", arrayParam(tx, ids)))
	}
	found = make(map[fleet.WorkspaceID]fleet.Standing, len(ids))
	return append(tx.lockMemberships(user, ids), statement{text + w.String(), w.args, scanStanding(found)}), found
}

// standingsOf builds the SELECT of Workspaces w and what the user is in each, up to further
// conditions. A Workspace in which the user has no role has no row, like a missing one.
func standingsOf(user string) string {
	return `
		SELECT ` + workspaceColumns + `, u.super_admin,
			COALESCE((SELECT MIN(r.role) FROM memberships m JOIN membership_roles r USING (user_id, workspace_id)
				WHERE m.user_id = u.id AND m.workspace_id = w.id AND m.status = ` + activeMember + `), 0)
		FROM workspaces w JOIN users u ON u.id = ` + user + `
		WHERE (u.super_admin = 1 OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.workspace_id = w.id AND m.status = ` + activeMember + `))
			AND `
}

func scanStanding(found map[fleet.WorkspaceID]fleet.Standing) func(rows) error {
	return func(r rows) error {
		var s fleet.Standing
		var super int
		err := scanWorkspace(r, &s.Workspace, &super, &s.Role)
		if super != 0 {
			s.Role = fleet.SuperAdmin
		}
		found[s.Workspace.ID] = s
		return err
	}
}
