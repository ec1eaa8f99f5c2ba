package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

var workspaceFields = map[string]string{
	"id": "w.id", "name": "w.name", "type": "w.type", "status": "w.status", "country": "w.country", "parent": "w.parent_id", "created": "w.created_at",
}

// WorkspacePage reads one page of all Workspaces. It is for the operator.
func (tx *Tx) WorkspacePage(ctx context.Context, l fleet.List) (fleet.Page[fleet.Workspace], error) {
	return pageOf(ctx, tx, l, "workspaces w", workspaceColumns, workspaceFields, func(r rows, w *fleet.Workspace) error {
		return scanWorkspace(r, w)
	})
}

var userFields = map[string]string{
	"id": "u.id", "username": "u.username", "name": "u.name", "status": "u.status",
	"default_workspace": "u.default_workspace_id", "created": "u.created_at",
}

// UserPage reads one page of all users. It is for the operator.
func (tx *Tx) UserPage(ctx context.Context, l fleet.List) (fleet.Page[UserRecord], error) {
	return pageOf(ctx, tx, l, "users u", userColumns, userFields, func(r rows, u *UserRecord) error {
		return scanUser(r, u)
	})
}

// pageOf reads one page of a whole table.
func pageOf[T any](ctx context.Context, tx *Tx, l fleet.List, from, columns string, fields map[string]string, scan func(rows, *T) error) (fleet.Page[T], error) {
	w := where{tx: tx}
	w.filter(l, fields)
	page := fleet.Page[T]{PerPage: l.PerPage}
	if _, err := tx.queryRow(ctx, "SELECT count(*) FROM "+from+" WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	text := "SELECT " + columns + " FROM " + from + " WHERE " + w.String() + " ORDER BY " + w.orderBy(l, fields) +
		" LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset)
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		var item T
		err := scan(r, &item)
		page.Items = append(page.Items, item)
		return err
	})
	return page, err
}

// MembershipsOf reads the roles of several users, by user and Workspace.
func (tx *Tx) MembershipsOf(ctx context.Context, users []fleet.UserID) (map[fleet.UserID][]fleet.Membership, error) {
	w := where{tx: tx}
	w.and(w.in("m.user_id", arrayParam(tx, users)))
	return tx.memberships(ctx, &w)
}

// NamesWorkspace reports whether SIMs that are not deleted belong to a Workspace, and whether
// any names it as its issuer or reseller. It stops at the first one.
func (tx *Tx) NamesWorkspace(ctx context.Context, ws fleet.WorkspaceID) (held, named bool, err error) {
	var owns, refers int
	_, err = tx.queryRow(ctx, `SELECT
			CASE WHEN EXISTS (SELECT 1 FROM sims s WHERE s.workspace_id = $1 AND s.status <> `+deletedSIM+`) THEN 1 ELSE 0 END,
			CASE WHEN EXISTS (SELECT 1 FROM sims s WHERE s.issuer_id = $1 AND s.status <> `+deletedSIM+`)
				OR EXISTS (SELECT 1 FROM sims s WHERE s.reseller_id = $1 AND s.status <> `+deletedSIM+`) THEN 1 ELSE 0 END`,
		[]any{int64(ws)}, &owns, &refers)
	return owns != 0, refers != 0, err
}
