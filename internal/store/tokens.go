package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// ApplicationToken is a credential for a program, for one Workspace.
type ApplicationToken struct {
	ID          fleet.TokenID
	Workspace   fleet.Workspace
	Description string
	Revoked     bool
	CIDR        string // "" for any address
	Created     time.Time
	Expires     time.Time    // zero: never
	Key         string       // that signed it; "" if an earlier version created it
	Creator     fleet.UserID // 0 for the operator
	CreatorName string       // the creator's user name; read only
}

var insertApplicationToken = insertion("application_tokens",
	"id workspace_id description status cidr created_at expires_at key_id created_by", "")

// InsertApplicationToken stores a new token.
func (tx *Tx) InsertApplicationToken(ctx context.Context, t ApplicationToken) error {
	return tx.execNamed(ctx, insertApplicationToken, params{
		"id": int64(t.ID), "workspace_id": int64(t.Workspace.ID), "description": t.Description, "status": flag(t.Revoked),
		"cidr": t.CIDR, "created_at": micros(tx.now), "expires_at": timeOrNull(t.Expires), "key_id": t.Key,
		"created_by": orNull(t.Creator),
	})
}

const applicationTokenColumns = workspaceColumns + `, t.id, t.description, t.status, t.cidr, t.created_at,
	COALESCE(t.expires_at, 0), COALESCE(t.key_id, ''), COALESCE(t.created_by, 0)`

func scanApplicationToken(r rows, t *ApplicationToken, more ...any) error {
	var revoked int
	var created, expires int64
	dest := append([]any{&t.ID, &t.Description, &revoked, &t.CIDR, &created, &expires, &t.Key, &t.Creator}, more...)
	err := scanWorkspace(r, &t.Workspace, dest...)
	t.Revoked, t.Created, t.Expires = revoked != 0, fromMicros(created), fromMicros(expires)
	return err
}

// ApplicationToken finds a token with its Workspace; found is false if there is none, or if key
// is not "" and no signing key has that id.
func (tx *Tx) ApplicationToken(ctx context.Context, id fleet.TokenID, key string) (t ApplicationToken, found bool, err error) {
	ask := tokenStatement(id, key, &t, &found)
	err = tx.queryEach(ctx, ask.text, ask.args, ask.scan)
	return t, found, err
}

// ApplicationTokenOf finds a token of a Workspace. A token of another Workspace takes the same
// path as a missing one.
func (tx *Tx) ApplicationTokenOf(ctx context.Context, ws fleet.WorkspaceID, id fleet.TokenID) (t ApplicationToken, found bool, err error) {
	const text = "SELECT " + applicationTokenColumns + ` FROM application_tokens t JOIN workspaces w ON w.id = t.workspace_id
		WHERE t.id = $1 AND t.workspace_id = $2`
	err = tx.queryEach(ctx, text, []any{int64(id), int64(ws)}, func(r rows) error {
		found = true
		return scanApplicationToken(r, &t)
	})
	return t, found, err
}

func tokenStatement(id fleet.TokenID, key string, t *ApplicationToken, found *bool) statement {
	const text = `
		SELECT ` + applicationTokenColumns + ` FROM application_tokens t JOIN workspaces w ON w.id = t.workspace_id
		WHERE t.id = $1 AND ($2 = '' OR EXISTS (SELECT 1 FROM signing_keys k WHERE k.id = $2))`
	return statement{text, []any{int64(id), key}, func(r rows) error {
		*found = true
		return scanApplicationToken(r, t)
	}}
}

var applicationTokenFields = map[string]string{"id": "t.id", "status": "t.status", "created": "t.created_at", "expiry_date": "t.expires_at"}

// ApplicationTokens reads one page of the tokens of a Workspace. They are found before they are
// filtered, so that those of others are not looked for.
func (tx *Tx) ApplicationTokens(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[ApplicationToken], error) {
	w := where{tx: tx}
	own := "WITH t AS MATERIALIZED (SELECT t.* FROM application_tokens t WHERE t.workspace_id = " + w.arg(int64(ws)) + ") "
	w.filter(l, applicationTokenFields)
	page := fleet.Page[ApplicationToken]{PerPage: l.PerPage}
	if _, err := tx.queryRow(ctx, own+"SELECT count(*) FROM t WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	if err := tx.sortable(l, page.Total, "application tokens"); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	text := own + "SELECT " + applicationTokenColumns + `, ` + shownUsername + `
		FROM t JOIN workspaces w ON w.id = t.workspace_id LEFT JOIN users u ON u.id = t.created_by
		WHERE ` + w.String() + " ORDER BY " + w.orderBy(l, applicationTokenFields) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset)
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		var t ApplicationToken
		err := scanApplicationToken(r, &t, &t.CreatorName)
		page.Items = append(page.Items, t)
		return err
	})
	return page, err
}

// SetApplicationToken changes a token's description and whether it is revoked.
func (tx *Tx) SetApplicationToken(ctx context.Context, id fleet.TokenID, description string, revoked bool) error {
	if err := tx.lockAlone(ctx, tokenLock, int64(id)); err != nil {
		return err
	}
	return tx.exec(ctx, "UPDATE application_tokens SET description = $2, status = $3 WHERE id = $1",
		int64(id), description, flag(revoked))
}
