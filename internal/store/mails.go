package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

var insertMail = insertion("mails",
	"uid kind recipient recipient_name workspace sender secret created_at expires_at due_at attempts done", "")

// InsertMail stores a mail that is due immediately.
func (tx *Tx) InsertMail(ctx context.Context, m fleet.Mail) error {
	return tx.execNamed(ctx, insertMail, params{
		"uid": m.UID, "kind": int64(m.Kind), "recipient": m.Recipient, "recipient_name": m.Name, "workspace": m.Workspace,
		"sender": m.Sender, "secret": m.Secret, "created_at": micros(tx.now), "expires_at": micros(m.Expires),
		"due_at": micros(tx.now), "attempts": 0, "done": 0,
	})
}

// NextMail takes the mail that has been due for longest, and keeps it from other servers for
// lease; found is false if none is due. If the server fails, another one takes the mail after
// the lease.
func (tx *Tx) NextMail(ctx context.Context, lease time.Duration) (m fleet.Mail, found bool, err error) {
	var expires int64
	text := `
		UPDATE mails SET attempts = attempts + 1, due_at = $2
		WHERE id = (SELECT id FROM mails WHERE done = 0 AND due_at <= $1 ORDER BY due_at, id LIMIT 1` + tx.dialectSQL("", " FOR UPDATE SKIP LOCKED") + `)
		RETURNING id, uid, kind, recipient, recipient_name, workspace, sender, secret, expires_at, attempts`
	found, err = tx.queryRow(ctx, text, []any{micros(tx.now), micros(tx.now.Add(lease))},
		&m.ID, &m.UID, &m.Kind, &m.Recipient, &m.Name, &m.Workspace, &m.Sender, &m.Secret, &expires, &m.Attempts)
	m.Expires = fromMicros(expires)
	return m, found, err
}

// SetMailSecret stores the key that a mail contains and the recipient's name.
func (tx *Tx) SetMailSecret(ctx context.Context, m fleet.Mail) error {
	return tx.exec(ctx, "UPDATE mails SET secret = $2, recipient_name = $3, expires_at = $4 WHERE id = $1", m.ID, m.Secret, m.Name, micros(m.Expires))
}

// EndMail records that a mail was delivered or given up, and clears its secret. It does nothing
// if another server has taken the mail since.
func (tx *Tx) EndMail(ctx context.Context, m fleet.Mail, delivered bool) error {
	if m.Kind == fleet.MailNotice {
		return tx.exec(ctx, "UPDATE notices SET done = $3 WHERE id = $1 AND attempts = $2 AND done = 0", m.ID, m.Attempts, 2-flag(delivered))
	}
	return tx.exec(ctx, "UPDATE mails SET done = $3, secret = '' WHERE id = $1 AND attempts = $2 AND done = 0",
		m.ID, m.Attempts, 2-flag(delivered))
}

// DelayMail schedules the next attempt of a mail, unless another server has taken it since.
func (tx *Tx) DelayMail(ctx context.Context, m fleet.Mail, due time.Time) error {
	table := "mails"
	if m.Kind == fleet.MailNotice {
		table = "notices"
	}
	return tx.exec(ctx, "UPDATE "+table+" SET due_at = $3 WHERE id = $1 AND attempts = $2 AND done = 0", m.ID, m.Attempts, micros(due))
}

// insertNotice stores a notice $3 about $4 for users u, who get at most one of each kind, subject
// and part.
const insertNotice = `
	INSERT INTO notices (uid, kind, subject_id, part, workspace_id, user_id, created_at, expires_at, due_at, attempts, done)
	SELECT CAST($2 AS TEXT) || '-' || u.id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($1 AS BIGINT), u.id,
		CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($6 AS BIGINT), 0, 0 `

func (tx *Tx) noticeArgs(n fleet.Notice, uid string) []any {
	return []any{int64(n.Workspace), uid, string(n.Kind), n.Subject, n.Part, micros(tx.now), micros(n.Expires), int64(n.User)}
}

// InsertNotice stores a notice that is due immediately.
func (tx *Tx) InsertNotice(ctx context.Context, n fleet.Notice, uid string) error {
	return tx.exec(ctx, insertNotice+"FROM users u WHERE u.id = $8 ON CONFLICT DO NOTHING", tx.noticeArgs(n, uid)...)
}

// InsertNotices stores a notice for each Administrator of its Workspace who can sign in and has
// entered it, except for its user.
func (tx *Tx) InsertNotices(ctx context.Context, n fleet.Notice, uid string) error {
	return tx.exec(ctx, insertNotice+"FROM "+joinMembers+` JOIN membership_roles r ON r.user_id = m.user_id AND r.workspace_id = m.workspace_id
		WHERE m.workspace_id = $1 AND m.user_id <> $8 AND m.status = `+activeMember+` AND m.invited_at IS NULL AND u.status = `+activeUser+
		" AND r.role = "+administratorRole+" ON CONFLICT DO NOTHING", tx.noticeArgs(n, uid)...)
}

// NextNotice takes the notice that has been due for longest, as NextMail does. Recipient and text
// are not set.
func (tx *Tx) NextNotice(ctx context.Context, lease time.Duration) (m fleet.Mail, found bool, err error) {
	var expires int64
	text := `
		UPDATE notices SET attempts = attempts + 1, due_at = $2
		WHERE id = (SELECT id FROM notices WHERE done = 0 AND due_at <= $1 ORDER BY due_at, id LIMIT 1` + tx.dialectSQL("", " FOR UPDATE SKIP LOCKED") + `)
		RETURNING id, uid, kind, subject_id, part, workspace_id, user_id, expires_at, attempts`
	n := &m.Notice
	found, err = tx.queryRow(ctx, text, []any{micros(tx.now), micros(tx.now.Add(lease))},
		&m.ID, &m.UID, &n.Kind, &n.Subject, &n.Part, &n.Workspace, &n.User, &expires, &m.Attempts)
	m.Kind, m.Expires, n.Expires = fleet.MailNotice, fromMicros(expires), fromMicros(expires)
	return m, found, err
}
