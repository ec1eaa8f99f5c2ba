package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// Member is a user as shown to the members of one Workspace. For an invited user before the
// first entry, it contains only what the inviter has written.
type Member struct {
	fleet.User
	Roles []fleet.Role
}

const (
	memberColumns = `u.id, u.username, ` + memberName + `, ` + memberStatus + `, ` + memberSince
	memberName    = `COALESCE(m.invited_name, u.name)`
	memberStatus  = `(CASE WHEN m.status = ` + suspendedMember + ` THEN 2 WHEN m.invited_at IS NOT NULL THEN 0 ELSE u.status END)`
	memberSince   = `COALESCE(m.invited_at, u.created_at)`
	joinMembers   = `memberships m JOIN users u ON u.id = m.user_id`

	// membersOf selects the members of a Workspace with what a list shows and filters by. The
	// memberships are read first, and rows are kept narrow, because a list goes through all of
	// them.
	membersOf = `SELECT u.id, u.username, ` + memberName + ` AS name, ` + memberStatus + ` AS status, ` + memberSince + ` AS created, m.workspace_id
		FROM memberships m CROSS JOIN users u WHERE u.id = m.user_id AND m.workspace_id = `
)

// memberFields are columns of membersOf, as u.
var memberFields = map[string]string{
	"id": "u.id", "username": "u.username", "name": "u.name", "status": "u.status", "created": "u.created", "organisation": "u.workspace_id",
}

func scanMember(r rows) (m Member, err error) {
	var created int64
	err = r.Scan(&m.ID, &m.Username, &m.Name, &m.Status, &created)
	m.Created = fromMicros(created)
	return m, err
}

// Member finds a member of a Workspace; found is false if the user is not a member.
func (tx *Tx) Member(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID) (m Member, found bool, err error) {
	err = tx.queryEach(ctx, "SELECT "+memberColumns+" FROM "+joinMembers+" WHERE m.user_id = $1 AND m.workspace_id = $2",
		[]any{int64(user), int64(ws)}, func(r rows) (err error) {
			found = true
			m, err = scanMember(r)
			return err
		})
	if err != nil || !found {
		return m, found, err
	}
	list := []Member{m}
	err = tx.memberRoles(ctx, ws, list)
	return list[0], true, err
}

// memberFilters replaces names of Workspaces by ids.
func (tx *Tx) memberFilters(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.List, error) {
	l.Filters = slices.Clone(l.Filters)
	for i, f := range l.Filters {
		if f.Field.Name != "organisation" {
			continue
		}
		own, err := tx.namesWorkspace(ctx, ws, f)
		if err != nil {
			return l, err
		}
		l.Filters[i].Texts, l.Filters[i].Numbers = nil, []int64{0} // no Workspace has this id
		if own {
			l.Filters[i].Numbers[0] = int64(ws)
		}
	}
	return l, nil
}

// Members reads one page of the members of a Workspace. They are found before they are filtered,
// so that users of others are not looked for.
func (tx *Tx) Members(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[Member], error) {
	w := where{tx: tx}
	own := "WITH u AS MATERIALIZED (" + membersOf + w.arg(int64(ws)) + ") "
	page := fleet.Page[Member]{PerPage: l.PerPage}
	l, err := tx.memberFilters(ctx, ws, l)
	if err != nil {
		return page, err
	}
	w.filter(l, memberFields)
	if _, err := tx.queryRow(ctx, own+"SELECT count(*) FROM u WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	if err := tx.sortable(l, page.Total, "users"); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	text := own + "SELECT u.id, u.username, u.name, u.status, u.created FROM u WHERE " + w.String() +
		" ORDER BY " + w.orderBy(l, memberFields) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset)
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		m, err := scanMember(r)
		page.Items = append(page.Items, m)
		return err
	})
	if err != nil {
		return page, err
	}
	return page, tx.memberRoles(ctx, ws, page.Items)
}

// memberRoles fills in the roles of members of a Workspace.
func (tx *Tx) memberRoles(ctx context.Context, ws fleet.WorkspaceID, members []Member) error {
	place := make(map[fleet.UserID]*Member, len(members))
	ids := make([]fleet.UserID, len(members))
	for i := range members {
		ids[i] = members[i].ID
		place[ids[i]] = &members[i]
	}
	w := where{tx: tx}
	w.and("r.workspace_id = " + w.arg(int64(ws)))
	w.and(w.in("r.user_id", arrayParam(tx, ids)))
	return tx.queryEach(ctx, "SELECT r.user_id, r.role FROM membership_roles r WHERE "+w.String()+" ORDER BY r.user_id, r.role", w.args, func(r rows) error {
		var user fleet.UserID
		var role fleet.Role
		err := r.Scan(&user, &role)
		if m := place[user]; m != nil {
			m.Roles = append(m.Roles, role)
		}
		return err
	})
}

// LockMembers locks the members of a Workspace against other callers of LockMembers until the
// transaction ends. SQLite has one writer at a time.
func (tx *Tx) LockMembers(ctx context.Context, ws fleet.WorkspaceID) error {
	if tx.d == SQLite {
		return nil
	}
	return tx.exec(ctx, "SELECT pg_advisory_xact_lock(2, hashtext($1))", fmt.Sprint(ws))
}

// LockUser locks a user and the user's memberships against other callers of LockUser until the
// transaction ends.
func (tx *Tx) LockUser(ctx context.Context, user fleet.UserID) error {
	if tx.d == SQLite {
		return nil
	}
	if err := tx.lockAlone(ctx, userLock, int64(user)); err != nil {
		return err
	}
	return tx.exec(ctx, "SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE", int64(user))
}

// OtherAdministrators counts the Administrators of a Workspace, except one user, that can sign
// in and have entered it.
func (tx *Tx) OtherAdministrators(ctx context.Context, ws fleet.WorkspaceID, more fleet.UserID) (n int, err error) {
	_, err = tx.queryRow(ctx, `
		SELECT count(*) FROM `+joinMembers+` JOIN membership_roles r ON r.user_id = m.user_id AND r.workspace_id = m.workspace_id
		WHERE m.workspace_id = $1 AND m.user_id <> $2 AND m.status = `+activeMember+` AND m.invited_at IS NULL AND u.status = `+activeUser+` AND r.role = `+administratorRole,
		[]any{int64(ws), int64(more)}, &n)
	return n, err
}

// Enter marks an invited member as having entered the Workspace. It does nothing for other
// members.
func (tx *Tx) Enter(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID) error {
	return tx.exec(ctx, `UPDATE memberships SET invited_at = NULL, invited_name = NULL
		WHERE user_id = $1 AND workspace_id = $2 AND invited_at IS NOT NULL`, int64(user), int64(ws))
}

// MarkInvited marks a member as invited and not yet entered.
func (tx *Tx) MarkInvited(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID, name string) error {
	return tx.exec(ctx, "UPDATE memberships SET invited_at = $3, invited_name = $4 WHERE user_id = $1 AND workspace_id = $2",
		int64(user), int64(ws), micros(tx.now), name)
}

// SetName changes the name of a user.
func (tx *Tx) SetName(ctx context.Context, user fleet.UserID, name string) error {
	return tx.exec(ctx, "UPDATE users SET name = $2 WHERE id = $1", int64(user), name)
}

// SetDefaultWorkspace sets the Workspace in which a user signs in.
func (tx *Tx) SetDefaultWorkspace(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID) error {
	return tx.exec(ctx, "UPDATE users SET default_workspace_id = $2 WHERE id = $1", int64(user), int64(ws))
}

// personal are the tables whose rows belong to a single user.
var personal = []string{"second_factors", "trusted_devices", "pending_sign_ins", "terminal_sign_ins", "refresh_tokens", "activation_keys"}

// DeleteUser deletes a user without memberships and all their credentials. The row stays
// because events refer to it, and keeps the former address; the address can be used again.
func (tx *Tx) DeleteUser(ctx context.Context, user fleet.UserID) error {
	if err := tx.lockAlone(ctx, userLock, int64(user)); err != nil {
		return err
	}
	for _, table := range personal {
		if err := tx.exec(ctx, "DELETE FROM "+table+" WHERE user_id = $1", int64(user)); err != nil {
			return err
		}
	}
	return tx.exec(ctx, `
		UPDATE users SET former_username = username, username = $2, status = `+suspendedUser+`, password_hash = '', default_workspace_id = NULL,
			session_epoch = session_epoch + 1
		WHERE id = $1 AND former_username IS NULL`, int64(user), fmt.Sprintf("deleted user %d", user))
}
