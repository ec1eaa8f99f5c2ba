package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// DraftTTL is how long a draft of a move is kept.
const DraftTTL = 7 * 24 * time.Hour

// draftsKept is how many drafts of a user are kept; a new one replaces the oldest.
const draftsKept = 20

// InsertMoveDraft keeps a draft of a move for a user, and returns its id. If the SIMs of its
// selection are in the parts of a stage, the draft keeps that; otherwise stage is 0. It removes
// drafts that have expired, and the oldest ones of the user.
func (tx *Tx) InsertMoveDraft(ctx context.Context, user fleet.UserID, d fleet.MoveDraft, sel fleet.JobSelection, stage JobStage) (id fleet.DraftID, err error) {
	source, err1 := json.Marshal(d.Source)
	selection, err2 := sel.JSON()
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	if err := tx.exec(ctx, "DELETE FROM move_drafts WHERE expires_at <= $1", micros(tx.now)); err != nil {
		return 0, err
	}
	err = tx.exec(ctx, `DELETE FROM move_drafts WHERE user_id = $1 AND id <=
		(SELECT id FROM move_drafts WHERE user_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`, int64(user), draftsKept-1)
	if err != nil {
		return 0, err
	}
	_, err = tx.queryRow(ctx, "INSERT INTO move_drafts (user_id, source, selection, form, expires_at, stage) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
		[]any{int64(user), string(source), selection, d.Form, micros(tx.now.Add(DraftTTL)), orNull(stage)}, &id)
	return id, err
}

// MoveDraft reads a draft of a user. lock locks it until the transaction ends.
func (tx *Tx) MoveDraft(ctx context.Context, user fleet.UserID, id fleet.DraftID, lock bool) (d fleet.MoveDraft, found bool, err error) {
	text := "SELECT id, source, form, COALESCE(job_id, 0), expires_at FROM move_drafts WHERE id = $1 AND user_id = $2 AND expires_at > $3"
	if lock {
		text += tx.dialectSQL("", " FOR UPDATE")
	}
	var source string
	var expires int64
	found, err = tx.queryRow(ctx, text, []any{int64(id), int64(user), micros(tx.now)}, &d.ID, &source, &d.Form, &d.Job, &expires)
	if err != nil || !found {
		return d, false, err
	}
	d.Expires = fromMicros(expires)
	err = json.Unmarshal([]byte(source), &d.Source)
	return d, true, err
}

// DraftSelection reads what a draft selects. If stage is not 0, it has all parts of the selection,
// and the selection has no SIMs.
func (tx *Tx) DraftSelection(ctx context.Context, id fleet.DraftID) (sel fleet.JobSelection, stage JobStage, err error) {
	var text string
	if _, err = tx.queryRow(ctx, "SELECT selection, COALESCE(stage, 0) FROM move_drafts WHERE id = $1", []any{int64(id)}, &text, &stage); err != nil {
		return sel, 0, err
	}
	sel, err = fleet.ParseJobSelection(text)
	return sel, stage, err
}

// SaveMoveDraft writes the form and the job of a draft, and keeps it for another while.
func (tx *Tx) SaveMoveDraft(ctx context.Context, d fleet.MoveDraft) error {
	return tx.exec(ctx, "UPDATE move_drafts SET form = $2, job_id = $3, expires_at = $4 WHERE id = $1",
		int64(d.ID), d.Form, orNull(d.Job), micros(tx.now.Add(DraftTTL)))
}
