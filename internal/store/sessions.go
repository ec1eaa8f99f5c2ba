package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// RefreshToken is one link in a chain of refresh tokens; only its hash is stored.
type RefreshToken struct {
	Hash      []byte
	Family    string
	User      fleet.UserID
	Workspace fleet.WorkspaceID
	Epoch     int64
	Expires   time.Time
	Spent     bool // its successor has been used
	Revoked   bool

	// Agent is what the client called itself at the sign-in; "" on later links, and if unknown.
	Agent string

	// Predecessor is the hash of the token that this one was issued for; nil for the first
	// of a family.
	Predecessor []byte
	// SuccessorKey is the random key from which, together with the token itself, the
	// successor is derived. It is nil before the first use, and again once the token is spent.
	SuccessorKey []byte
}

var saveRefreshToken = insertion("refresh_tokens",
	"hash family user_id workspace_id epoch created_at expires_at predecessor agent",
	"ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at")

// SaveRefreshToken stores a new link. If the link exists, which it does when its predecessor
// is used again, only its expiry changes.
func (tx *Tx) SaveRefreshToken(ctx context.Context, t RefreshToken) error {
	return tx.execNamed(ctx, saveRefreshToken, params{
		"hash": t.Hash, "family": t.Family, "user_id": int64(t.User), "workspace_id": int64(t.Workspace), "epoch": t.Epoch,
		"created_at": micros(tx.now), "expires_at": micros(t.Expires), "predecessor": bytesOrNull(t.Predecessor), "agent": textOrNull(t.Agent),
	})
}

// RefreshToken finds a link by its hash. It locks the link and the one before it, always in
// this order, so that uses of neighbouring links wait for each other and never deadlock.
func (tx *Tx) RefreshToken(ctx context.Context, hash []byte) (t RefreshToken, found bool, err error) {
	if tx.d == Postgres {
		const before = "SELECT 1 FROM refresh_tokens WHERE hash = (SELECT predecessor FROM refresh_tokens WHERE hash = $1) FOR UPDATE"
		if err := tx.exec(ctx, before, hash); err != nil {
			return t, false, err
		}
	}
	var expires int64
	text := `SELECT hash, family, user_id, workspace_id, epoch, expires_at, spent_at IS NOT NULL, revoked_at IS NOT NULL,
			predecessor, successor_key
		FROM refresh_tokens WHERE hash = $1` + tx.dialectSQL("", " FOR UPDATE")
	found, err = tx.queryRow(ctx, text, []any{hash}, &t.Hash, &t.Family, &t.User, &t.Workspace, &t.Epoch, &expires, &t.Spent, &t.Revoked,
		&t.Predecessor, &t.SuccessorKey)
	t.Expires = fromMicros(expires)
	return t, found, err
}

// SetSuccessorKey stores what the successor of a link is derived from.
func (tx *Tx) SetSuccessorKey(ctx context.Context, hash, key []byte) error {
	return tx.exec(ctx, "UPDATE refresh_tokens SET successor_key = $2 WHERE hash = $1", hash, key)
}

// SpendRefreshToken marks a link as spent. Its successor cannot be derived any more.
func (tx *Tx) SpendRefreshToken(ctx context.Context, hash []byte) error {
	return tx.exec(ctx, "UPDATE refresh_tokens SET spent_at = $2, successor_key = NULL WHERE hash = $1 AND spent_at IS NULL",
		hash, micros(tx.now))
}

// RevokeRefreshFamily revokes all refresh tokens of one sign-in.
func (tx *Tx) RevokeRefreshFamily(ctx context.Context, family string) error {
	return tx.exec(ctx, "UPDATE refresh_tokens SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL", family, micros(tx.now))
}

// revokeRefreshTokens revokes a user's refresh tokens for one Workspace.
func (tx *Tx) revokeRefreshTokens(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID) error {
	return tx.exec(ctx, "UPDATE refresh_tokens SET revoked_at = $3 WHERE user_id = $1 AND workspace_id = $2 AND revoked_at IS NULL",
		int64(user), int64(ws), micros(tx.now))
}

// EndSession ends a session immediately: its refresh tokens, and its bearers for as long as any
// could be valid. It waits for the running writes of the session's user.
func (tx *Tx) EndSession(ctx context.Context, family string, bearersUntil time.Time) error {
	if tx.d == Postgres {
		var user fleet.UserID
		_, err := tx.queryRow(ctx, "SELECT user_id FROM refresh_tokens WHERE family = $1 LIMIT 1", []any{family}, &user)
		if err == nil {
			err = tx.LockUser(ctx, user)
		}
		if err != nil {
			return err
		}
	}
	if err := tx.RevokeRefreshFamily(ctx, family); err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO ended_sessions (family, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		family, micros(bearersUntil))
}

// EndSessions ends every session of a user.
func (tx *Tx) EndSessions(ctx context.Context, user fleet.UserID) error {
	if err := tx.lockAlone(ctx, userLock, int64(user)); err != nil {
		return err
	}
	return tx.exec(ctx, "UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1", int64(user))
}

// BearerOf holds the claims of a user's bearer.
type BearerOf struct {
	User      fleet.UserID
	Workspace fleet.WorkspaceID
	Key       string // that signed it; "" is not checked
	Family    string // the session, "" for a bearer of an earlier version
}

// Session is what a bearer token is checked against at every request.
type Session struct {
	User       UserRecord
	Workspace  fleet.Workspace
	Role       fleet.Role // NoRole if the user is not a member, or suspended there
	Factor     bool       // the user has an active second factor
	Administer bool       // the user is Administrator of some Workspace
}

const sessionColumns = userColumns + `, ` + workspaceColumns + `, COALESCE((SELECT MIN(r.role)
			FROM memberships m JOIN membership_roles r USING (user_id, workspace_id)
			WHERE m.user_id = u.id AND m.workspace_id = w.id AND m.status = ` + activeMember + `), 0),
		EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.status = ` + confirmedFactor + `),
		EXISTS (SELECT 1 FROM memberships m JOIN membership_roles r USING (user_id, workspace_id)
			WHERE m.user_id = u.id AND m.status = ` + activeMember + ` AND r.role = ` + administratorRole + `)`

const sessionSelect = `
	SELECT ` + sessionColumns + `
	FROM users u JOIN workspaces w ON w.id = $2 WHERE u.id = $1`

// mayEnter is the condition that a user u is not suspended in a Workspace w.
const mayEnter = `(u.super_admin = 1 OR NOT EXISTS (SELECT 1 FROM memberships x
			WHERE x.user_id = u.id AND x.workspace_id = w.id AND x.status = ` + suspendedMember + `))`

// UserSession reads, in one statement, the data for a user's request in a Workspace.
func (tx *Tx) UserSession(ctx context.Context, user fleet.UserID, ws fleet.WorkspaceID) (s Session, found bool, err error) {
	err = tx.queryEach(ctx, sessionSelect, []any{int64(user), int64(ws)}, scanSession(&s, &found))
	return s, found, err
}

// BearerSession reads the UserSession of a bearer: there is none if the key that signed it has been
// removed, its session has ended, or the user is suspended in the Workspace.
func (tx *Tx) BearerSession(ctx context.Context, b BearerOf) (s Session, found bool, err error) {
	ask := b.statement(&s, &found)
	err = tx.queryEach(ctx, ask.text, ask.args, ask.scan)
	return s, found, err
}

// statement returns the statement of BearerSession, to be sent with others.
func (b BearerOf) statement(s *Session, found *bool) statement {
	const text = sessionSelect + `
		AND ($3 = '' OR EXISTS (SELECT 1 FROM signing_keys k WHERE k.id = $3))
		AND NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.family = $4)
		AND ` + mayEnter
	return statement{text, []any{int64(b.User), int64(b.Workspace), b.Key, b.Family}, scanSession(s, found)}
}

// ConsoleSession is what a console session is checked against at every request.
type ConsoleSession struct {
	Session
	Row    RefreshToken       // the family, the epoch, the expiry, and whether it is revoked
	Valid  bool               // as found of BearerSession
	Joined []fleet.Membership // of the user

	Offers    int // that wait for an answer of the Workspace
	Approvals int // jobs that wait for the approval of an Administrator, as the user is
}

// What waits for the user u of a session t. The conditions on next_at are those of small indexes:
// a pending offer has a reminder or an end, a waiting job the end of its time.
const (
	offersWaiting = `(SELECT count(*) FROM offers o WHERE o.target_id = t.workspace_id AND o.state = 'pending' AND o.next_at IS NOT NULL
			AND o.expires_at > $2)`
	approvalsWaiting = `(SELECT count(*) FROM jobs j WHERE j.next_at IS NOT NULL AND j.state = 'waiting' AND j.user_id <> u.id
			AND j.details LIKE '%"for":"approval"%' AND EXISTS (SELECT 1 FROM job_sides d JOIN memberships m ON m.workspace_id = d.workspace_id
				JOIN membership_roles r ON r.workspace_id = m.workspace_id AND r.user_id = m.user_id
				WHERE d.job_id = j.id AND d.side = ` + sourceSide + ` AND m.user_id = u.id AND m.status = ` + activeMember + ` AND r.role = ` + administratorRole + `))`
)

// ConsoleSession reads the session with a hash, and the Workspaces of its user. On PostgreSQL it
// takes one round trip.
func (tx *Tx) ConsoleSession(ctx context.Context, hash []byte) (s ConsoleSession, found bool, err error) {
	const text = `
	SELECT ` + sessionColumns + `, t.family, t.epoch, t.expires_at, t.revoked_at IS NOT NULL,
		NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.family = t.family) AND ` + mayEnter + `, ` + offersWaiting + `, ` + approvalsWaiting + `
	FROM refresh_tokens t JOIN users u ON u.id = t.user_id JOIN workspaces w ON w.id = t.workspace_id WHERE t.hash = $1`
	var expires int64
	session := statement{text, []any{hash, micros(tx.now)}, func(r rows) error {
		return scanSession(&s.Session, &found, &s.Row.Family, &s.Row.Epoch, &expires, &s.Row.Revoked, &s.Valid, &s.Offers, &s.Approvals)(r)
	}}
	joined := membershipsWhere("m.user_id = (SELECT t.user_id FROM refresh_tokens t WHERE t.hash = $1)", &s.Joined, hash)
	err = tx.batch(ctx, session, joined)
	s.Row.Hash, s.Row.User, s.Row.Workspace, s.Row.Expires = hash, s.User.ID, s.Workspace.ID, fromMicros(expires)
	return s, found, err
}

func scanSession(s *Session, found *bool, more ...any) func(rows) error {
	return func(r rows) error {
		*found = true
		w, created, reason := &s.Workspace, int64(0), 0
		dest := append([]any{&w.ID, &w.Name, &w.Type, &w.Status, &w.Country, &w.Parent, &created, &reason, &s.Role, &s.Factor, &s.Administer}, more...)
		err := scanUser(r, &s.User, dest...)
		w.Created, w.ReasonRequired = fromMicros(created), reason != 0
		if s.User.SuperAdmin {
			s.Role, s.Administer = fleet.SuperAdmin, true
		}
		return err
	}
}
