package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// UserRecord is a user as stored.
type UserRecord struct {
	fleet.User
	SuperAdmin bool
	Epoch      int64 // grows whenever all the user's sessions must end
}

const userColumns = `u.id, u.username, u.name, u.status, u.super_admin, COALESCE(u.default_workspace_id, 0),
	u.password_hash, u.session_epoch, u.created_at`

func scanUser(r rows, u *UserRecord, more ...any) error {
	var created, super int64
	dest := append([]any{&u.ID, &u.Username, &u.Name, &u.Status, &super, &u.DefaultWorkspace,
		&u.PasswordHash, &u.Epoch, &created}, more...)
	err := r.Scan(dest...)
	u.Created, u.SuperAdmin = fromMicros(created), super != 0
	return err
}

// shownUsername is the address of a user; that of a deleted user is kept.
const shownUsername = "COALESCE(u.former_username, u.username, '')"

// UserByID finds a user; found is false if there is none, or it has been deleted.
func (tx *Tx) UserByID(ctx context.Context, id fleet.UserID) (UserRecord, bool, error) {
	return tx.user(ctx, "u.id = $1", int64(id))
}

// UserByName finds a user by e-mail address, which must be in lower case.
func (tx *Tx) UserByName(ctx context.Context, username string) (UserRecord, bool, error) {
	return tx.user(ctx, "u.username = $1", username)
}

func (tx *Tx) user(ctx context.Context, condition string, args ...any) (u UserRecord, found bool, err error) {
	one := userStatement(&u, &found, condition, args...)
	err = tx.queryEach(ctx, one.text, one.args, one.scan)
	return u, found, err
}

func userStatement(u *UserRecord, found *bool, condition string, args ...any) statement {
	return statement{"SELECT " + userColumns + " FROM users u WHERE u.former_username IS NULL AND " + condition, args, func(r rows) error {
		*found = true
		return scanUser(r, u)
	}}
}

// UserSeenBy finds a user by id, or by e-mail address if the id is 0, among the members of the
// Workspaces in which the caller is active. It searches the caller's Workspaces for the
// user, so that a user outside of them takes the same path as a missing one.
func (tx *Tx) UserSeenBy(ctx context.Context, caller, id fleet.UserID, username string) (UserRecord, bool, error) {
	wanted, arg := "$2", any(int64(id))
	if id == 0 {
		wanted, arg = "COALESCE((SELECT n.id FROM users n WHERE n.username = $2), 0)", username
	}
	return tx.user(ctx, `u.id = (SELECT a.user_id
		FROM memberships b CROSS JOIN memberships a
		WHERE b.user_id = $1 AND b.status = `+activeMember+` AND a.workspace_id = b.workspace_id AND a.user_id = `+wanted+` LIMIT 1)`, int64(caller), arg)
}

// UserIn finds a user by id, or by e-mail address if the id is 0, among the members of a
// Workspace. A user who is not a member takes the same path as a missing one.
func (tx *Tx) UserIn(ctx context.Context, ws fleet.WorkspaceID, id fleet.UserID, username string) (UserRecord, bool, error) {
	wanted, arg := "$2", any(int64(id))
	if id == 0 {
		wanted, arg = "COALESCE((SELECT n.id FROM users n WHERE n.username = $2), 0)", username
	}
	return tx.user(ctx, "u.id = (SELECT a.user_id FROM memberships a WHERE a.workspace_id = $1 AND a.user_id = "+wanted+")", int64(ws), arg)
}

// AllUsers reads every user, by id. It is for the operator.
func (tx *Tx) AllUsers(ctx context.Context) ([]UserRecord, error) {
	var all []UserRecord
	err := tx.queryEach(ctx, "SELECT "+userColumns+" FROM users u WHERE u.former_username IS NULL ORDER BY u.id", nil, func(r rows) error {
		var u UserRecord
		err := scanUser(r, &u)
		all = append(all, u)
		return err
	})
	return all, err
}

const userInsertColumns = "id username name status super_admin default_workspace_id password_hash session_epoch created_at"

var putUser = insertion("users", userInsertColumns, `
	ON CONFLICT (id) DO UPDATE SET username = excluded.username, name = excluded.name, status = excluded.status,
		super_admin = excluded.super_admin, default_workspace_id = excluded.default_workspace_id,
		session_epoch = users.session_epoch + CASE
			WHEN users.password_hash <> excluded.password_hash OR (excluded.status = `+suspendedUser+` AND users.status <> `+suspendedUser+`) THEN 1 ELSE 0 END,
		password_hash = excluded.password_hash, former_username = NULL`)

// insertParams returns the values of a new user's row.
func (u UserRecord) insertParams(created int64) params {
	return params{
		"id": int64(u.ID), "username": u.Username, "name": u.Name, "status": int64(u.Status), "super_admin": flag(u.SuperAdmin),
		"default_workspace_id": orNull(u.DefaultWorkspace), "password_hash": u.PasswordHash, "session_epoch": 0, "created_at": created,
	}
}

// PutUser creates or updates the user. A changed password ends the user's sessions, and so does
// suspension.
func (tx *Tx) PutUser(ctx context.Context, u UserRecord) error {
	if err := tx.lockAlone(ctx, userLock, int64(u.ID)); err != nil {
		return err
	}
	return tx.execNamed(ctx, putUser, u.insertParams(micros(tx.now)))
}

// SetPassword stores the hash of a new password, which ends the user's sessions.
func (tx *Tx) SetPassword(ctx context.Context, id fleet.UserID, hash string) error {
	if err := tx.lockAlone(ctx, userLock, int64(id)); err != nil {
		return err
	}
	return tx.exec(ctx, "UPDATE users SET password_hash = $2, session_epoch = session_epoch + 1 WHERE id = $1", int64(id), hash)
}

// Rehash replaces a hash by another of the same password; it does nothing if the password has
// changed since old was read.
func (tx *Tx) Rehash(ctx context.Context, id fleet.UserID, old, hash string) error {
	return tx.exec(ctx, "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2", int64(id), old, hash)
}

// SetUserStatus suspends or activates a user. Suspension ends the user's sessions; activation
// does not restore them.
func (tx *Tx) SetUserStatus(ctx context.Context, id fleet.UserID, status fleet.UserStatus) error {
	if err := tx.lockAlone(ctx, userLock, int64(id)); err != nil {
		return err
	}
	return tx.exec(ctx, `
		UPDATE users SET status = $2, session_epoch = session_epoch + CASE WHEN status <> `+suspendedUser+` THEN $3 ELSE 0 END
		WHERE id = $1`, int64(id), int64(status), flag(status == fleet.UserSuspended))
}

// SetMembership makes the user a member of a Workspace with exactly these roles. Without
// roles the membership ends. With its end, or suspension, the refresh tokens for that
// Workspace end.
func (tx *Tx) SetMembership(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID, status fleet.UserStatus, roles []fleet.Role) error {
	if err := tx.lockAlone(ctx, userLock, int64(user)); err != nil {
		return err
	}
	if len(roles) == 0 || status != fleet.UserActive {
		if err := tx.revokeRefreshTokens(ctx, user, ws); err != nil {
			return err
		}
	}
	if err := tx.exec(ctx, "DELETE FROM membership_roles WHERE user_id = $1 AND workspace_id = $2", int64(user), int64(ws)); err != nil {
		return err
	}
	if len(roles) == 0 {
		return tx.exec(ctx, "DELETE FROM memberships WHERE user_id = $1 AND workspace_id = $2", int64(user), int64(ws))
	}
	err := tx.exec(ctx, `
		INSERT INTO memberships (user_id, workspace_id, status) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, workspace_id) DO UPDATE SET status = excluded.status`, int64(user), int64(ws), int64(status))
	for _, role := range roles {
		if err == nil {
			err = tx.exec(ctx, "INSERT INTO membership_roles (user_id, workspace_id, role) VALUES ($1, $2, $3)",
				int64(user), int64(ws), int64(role))
		}
	}
	return err
}

// Memberships reads the Workspaces of a user with the roles there, by Workspace id.
func (tx *Tx) Memberships(ctx context.Context, user fleet.UserID) (all []fleet.Membership, err error) {
	ask := membershipsWhere("m.user_id = $1", &all, int64(user))
	return all, tx.queryEach(ctx, ask.text, ask.args, ask.scan)
}

// membershipsWhere returns the statement that reads the memberships m of one user.
func membershipsWhere(condition string, all *[]fleet.Membership, args ...any) statement {
	return statement{`
		SELECT ` + workspaceColumns + `, m.user_id, m.status, CASE WHEN m.invited_at IS NULL THEN 0 ELSE 1 END, r.role
		FROM memberships m JOIN membership_roles r USING (user_id, workspace_id) JOIN workspaces w ON w.id = m.workspace_id
		WHERE ` + condition + ` ORDER BY m.workspace_id, r.role`, args, func(r rows) error {
		var m fleet.Membership
		var role fleet.Role
		var invited int
		if err := scanWorkspace(r, &m.Workspace, &m.User, &m.Status, &invited, &role); err != nil {
			return err
		}
		m.Invited = invited != 0
		if n := len(*all); n > 0 && (*all)[n-1].Workspace.ID == m.Workspace.ID {
			(*all)[n-1].Roles = append((*all)[n-1].Roles, role)
			return nil
		}
		m.Roles = []fleet.Role{role}
		*all = append(*all, m)
		return nil
	}}
}
