package control

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// outcomeLasts is how long a server tries to mail how an offer ended.
const outcomeLasts = 7 * 24 * time.Hour

// notifyReceiver stores notices of a pending offer for the Administrators of its target. part is
// the number of the reminder, 0 for a new offer.
func notifyReceiver(ctx context.Context, tx *store.Tx, o fleet.Offer, part int) error {
	n := fleet.Notice{Kind: fleet.NoticeOfferMade, Subject: int64(o.ID), Part: part, Workspace: o.Target.ID, Expires: o.Expires}
	if part > 0 {
		n.Kind = fleet.NoticeOfferReminder
	}
	return tx.InsertNotices(ctx, n, uuid.NewString())
}

// notifyGiver stores a notice for the user who made an offer that has ended.
func notifyGiver(ctx context.Context, tx *store.Tx, o fleet.Offer) error {
	return tx.InsertNotice(ctx, fleet.Notice{
		Kind: fleet.NoticeOfferEnded, Subject: int64(o.ID), Workspace: o.Source.ID, User: o.User, Expires: tx.Now().Add(outcomeLasts),
	}, uuid.NewString())
}

// notifyApprovers stores notices of a job that waits for approval, for the Administrators of its
// sources except the user who made it.
func notifyApprovers(ctx context.Context, tx *store.Tx, j *fleet.Job) error {
	sources, err := plannedSources(ctx, tx, j)
	for _, source := range fleet.Once(sources) {
		if err != nil {
			break
		}
		err = tx.InsertNotices(ctx, fleet.Notice{
			Kind: fleet.NoticeApproval, Subject: int64(j.ID), Workspace: source, User: j.User, Expires: j.Details.Until,
		}, uuid.NewString())
	}
	return err
}

// notifyOwner stores notices of an inquiry for the Administrators of its Workspace, unless they had
// an inquiry of the same Workspace in the last 24 hours: requests must not flood them with mails.
func notifyOwner(ctx context.Context, tx *store.Tx, r fleet.SIMRequest, owner fleet.WorkspaceID) error {
	before, err := tx.InquiredSince(ctx, r, owner, tx.Now().Add(-requestPeriod))
	if err != nil || before {
		return err
	}
	return tx.InsertNotices(ctx, fleet.Notice{Kind: fleet.NoticeInquiry, Subject: int64(r.ID), Workspace: owner, Expires: r.Expires}, uuid.NewString())
}

// WriteNotice completes a notice before it is sent, with what its recipient may see now. drop
// reports that it must not be sent: the recipient has lost the rights, or there is nothing left to
// decide. Only the code that delivers mails may call it.
func WriteNotice(ctx context.Context, tx *store.Tx, m *fleet.Mail) (drop bool, err error) {
	n := m.Notice
	user, found, err := tx.UserByID(ctx, n.User)
	if err != nil || !found || user.Status != fleet.UserActive {
		return true, err
	}
	standings, err := tx.Standings(ctx, n.User, []fleet.WorkspaceID{n.Workspace})
	if err != nil {
		return true, err
	}
	at := standings[n.Workspace]
	if at.Role == fleet.NoRole || n.Kind != fleet.NoticeOfferEnded && !at.Role.Administers() {
		return true, nil
	}
	m.Recipient, m.Name, m.Workspace = user.Username, user.Name, at.Workspace.Name
	m.Text = fleet.NoticeText{Kind: n.Kind, Subject: n.Subject, Workspace: at.Workspace.Name}
	switch n.Kind {
	case fleet.NoticeOfferMade, fleet.NoticeOfferReminder, fleet.NoticeOfferEnded:
		return writeOffer(ctx, tx, n, &m.Text)
	case fleet.NoticeApproval:
		return writeApproval(ctx, tx, n, &m.Text)
	case fleet.NoticeInquiry:
		return writeInquiry(ctx, tx, n, &m.Text)
	}
	return true, nil // of a later version
}

// writeOffer writes what a notice says about an offer.
func writeOffer(ctx context.Context, tx *store.Tx, n fleet.Notice, t *fleet.NoticeText) (drop bool, err error) {
	whole, found, err := tx.OfferOf(ctx, n.Workspace, fleet.OfferID(n.Subject), false)
	if err != nil || !found {
		return true, err
	}
	o := offerSeen(n.Workspace, whole)
	t.SIMs, t.Note, t.At = o.SIMs, o.Note, o.Created
	if n.Kind == fleet.NoticeOfferEnded {
		t.Other, t.By, t.Outcome, t.Accepted, t.Refused, t.Gone = o.Target.Name, o.DecidedName, o.State, o.Accepted, o.Refused, o.Gone
		return o.State.Open(), nil
	}
	t.Other, t.Until = o.Source.Name, o.Expires
	return o.State != fleet.OfferPending || o.ExpiredAt(tx.Now()), nil
}

// writeApproval writes what a notice says about a job: as its recipient sees the job.
func writeApproval(ctx context.Context, tx *store.Tx, n fleet.Notice, t *fleet.NoticeText) (drop bool, err error) {
	caller := identity.Principal{User: n.User, Workspace: n.Workspace}
	j, err := seenJob(ctx, tx, caller, fleet.JobID(n.Subject), false)
	switch {
	case fleet.CodeOf(err) == fleet.NotFound:
		return true, nil
	case err != nil || j.State != fleet.JobWaiting || j.Details.For != fleet.WaitsApproval:
		return true, err
	}
	t.Other, t.SIMs, t.Note, t.At, t.Until, t.By = j.Target.Name, j.Count(fleet.VerdictPlanned), j.Note, j.Created, j.Details.Until, j.Username
	return false, nil
}

// writeInquiry writes what a notice says about an inquiry.
func writeInquiry(ctx context.Context, tx *store.Tx, n fleet.Notice, t *fleet.NoticeText) (drop bool, err error) {
	q, found, err := tx.InquiryOf(ctx, n.Workspace, fleet.SIMRequestID(n.Subject), false)
	if err != nil || !found {
		return true, err
	}
	t.Other, t.SIMs, t.Note, t.At, t.Until = q.Request.Workspace.Name, q.SIMs, q.Request.Note, q.Request.Created, q.Request.Expires
	return q.State != fleet.InquiryOpen, nil
}
