package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

const codeColumns = `c.id, c.workspace_id, c.user_id, ` + shownUsername + `, c.description, c.single_use, COALESCE(c.max_sims, 0),
	COALESCE(c.sender_id, 0), c.created_at, c.expires_at, COALESCE(c.revoked_at, 0), c.offers, c.sims`

const codeTables = " FROM receiving_codes c LEFT JOIN users u ON u.id = c.user_id"

func scanCode(r rows) (c fleet.ReceivingCode, err error) {
	var single int
	var created, expires, revoked int64
	err = r.Scan(&c.ID, &c.Workspace, &c.User, &c.Username, &c.Description, &single, &c.MaxSIMs, &c.Sender, &created, &expires, &revoked, &c.Offers, &c.SIMs)
	c.SingleUse, c.Created, c.Expires, c.Revoked = single != 0, fromMicros(created), fromMicros(expires), fromMicros(revoked)
	return c, err
}

var insertCode = insertion("receiving_codes",
	"hash workspace_id user_id description single_use max_sims sender_id created_at expires_at offers sims", "RETURNING id")

// InsertReceivingCode stores a new receiving code under the hash of its text, and returns its id.
func (tx *Tx) InsertReceivingCode(ctx context.Context, c fleet.ReceivingCode, hash []byte) (id fleet.CodeID, err error) {
	err = tx.execReturning(ctx, insertCode, params{
		"hash": hash, "workspace_id": int64(c.Workspace), "user_id": int64(c.User), "description": c.Description,
		"single_use": flag(c.SingleUse), "max_sims": orNull(int64(c.MaxSIMs)), "sender_id": orNull(c.Sender),
		"created_at": micros(tx.now), "expires_at": micros(c.Expires), "offers": 0, "sims": 0,
	}, &id)
	return id, err
}

// ReceivingCodeByHash finds a receiving code of any Workspace and locks it until the transaction
// ends.
func (tx *Tx) ReceivingCodeByHash(ctx context.Context, hash []byte) (c fleet.ReceivingCode, found bool, err error) {
	return tx.receivingCode(ctx, "c.hash = $1"+tx.dialectSQL("", " FOR NO KEY UPDATE OF c"), hash)
}

// ReceivingCode finds a receiving code of a Workspace.
func (tx *Tx) ReceivingCode(ctx context.Context, ws fleet.WorkspaceID, id fleet.CodeID) (c fleet.ReceivingCode, found bool, err error) {
	return tx.receivingCode(ctx, "c.workspace_id = $1 AND c.id = $2", int64(ws), int64(id))
}

func (tx *Tx) receivingCode(ctx context.Context, condition string, args ...any) (c fleet.ReceivingCode, found bool, err error) {
	err = tx.queryEach(ctx, "SELECT "+codeColumns+codeTables+" WHERE "+condition, args, func(r rows) error {
		found = true
		c, err = scanCode(r)
		return err
	})
	return c, found, err
}

// UseReceivingCode counts an offer and its SIMs for a receiving code.
func (tx *Tx) UseReceivingCode(ctx context.Context, id fleet.CodeID, sims int) error {
	return tx.exec(ctx, "UPDATE receiving_codes SET offers = offers + 1, sims = sims + $2 WHERE id = $1", int64(id), sims)
}

// RevokeReceivingCode ends a receiving code; revoked is false if it was revoked before.
func (tx *Tx) RevokeReceivingCode(ctx context.Context, id fleet.CodeID) (revoked bool, err error) {
	n, err := tx.execRows(ctx, "UPDATE receiving_codes SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", int64(id), micros(tx.now))
	return n > 0, err
}

// ValidReceivingCodes counts the receiving codes of a Workspace that are neither revoked nor
// expired.
func (tx *Tx) ValidReceivingCodes(ctx context.Context, ws fleet.WorkspaceID) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM receiving_codes WHERE workspace_id = $1 AND revoked_at IS NULL AND expires_at > $2",
		[]any{int64(ws), micros(tx.now)}, &n)
	return n, err
}

var codeFields = map[string]string{"id": "c.id"}

// ReceivingCodes reads one page of the receiving codes of a Workspace.
func (tx *Tx) ReceivingCodes(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.ReceivingCode], error) {
	page := fleet.Page[fleet.ReceivingCode]{PerPage: l.PerPage, Items: []fleet.ReceivingCode{}}
	w := where{tx: tx}
	own := "WITH c AS MATERIALIZED (SELECT c.* FROM receiving_codes c WHERE c.workspace_id = " + w.arg(int64(ws)) + ") "
	w.filter(l, codeFields)
	if _, err := tx.queryRow(ctx, own+"SELECT count(*) FROM c WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	err := tx.queryEach(ctx, own+"SELECT "+codeColumns+" FROM c LEFT JOIN users u ON u.id = c.user_id WHERE "+w.String()+
		" ORDER BY "+w.orderBy(l, codeFields)+" LIMIT "+w.arg(l.PerPage)+" OFFSET "+w.arg(offset), w.args, func(r rows) error {
		c, err := scanCode(r)
		page.Items = append(page.Items, c)
		return err
	})
	return page, err
}
