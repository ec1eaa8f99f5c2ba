package control

import (
	"context"
	"errors"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Inquiry is an inquiry with the SIMs that its Workspace still owns.
type Inquiry struct {
	fleet.Inquiry
	SIMs []fleet.InquirySIM
}

// Inquiry reads what another Workspace asks of the caller's.
//
// Permission: ManageOffers. Errors: NotFound, also for a request that the caller's Workspace made.
func (c *Control) Inquiry(ctx context.Context, caller identity.Principal, id fleet.SIMRequestID) (q Inquiry, err error) {
	if err := caller.Require(identity.ManageOffers); err != nil {
		return q, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		q, err = ownInquiry(ctx, tx, caller, id, false)
		return err
	})
	return q, err
}

func ownInquiry(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.SIMRequestID, lock bool) (q Inquiry, err error) {
	one, found, err := tx.InquiryOf(ctx, caller.Workspace, id, lock)
	if err == nil && !found {
		err = fleet.Missing("inquiry", int64(id))
	}
	if err != nil {
		return q, err
	}
	q.Inquiry = one
	q.SIMs, err = tx.InquirySIMs(ctx, caller.Workspace, id)
	return q, err
}

// ListInquiries reads one page of the inquiries of the caller's Workspace, without their SIMs.
//
// Permission: ManageOffers.
func (c *Control) ListInquiries(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[fleet.Inquiry], err error) {
	if err := caller.Require(identity.ManageOffers); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Inquiries(ctx, caller.Workspace, l)
		return err
	})
	return page, err
}

// DeclineInquiry declines an inquiry. The Workspace that asks does not see it: its request stays
// open until it expires, as if there were no such SIMs.
//
// Permission: ManageOffers. Errors: NotFound; InUse if the inquiry is no longer open; those of
// once.
func (c *Control) DeclineInquiry(ctx context.Context, caller identity.Principal, id fleet.SIMRequestID, w Write[Inquiry]) (Reply, error) {
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (done result[Inquiry], err error) {
		q, err := ownInquiry(ctx, tx, caller, id, true) // the request is not locked: its Workspace would wait
		if err != nil {
			return done, err
		}
		if err := q.mustBeOpen(); err != nil {
			return done, err
		}
		q.State, q.Decided, q.DecidedBy, q.Decider = fleet.InquiryDeclined, tx.Now(), caller.User, caller.Username
		if err := tx.SaveInquiry(ctx, q.Inquiry); err != nil {
			return done, err
		}
		return result[Inquiry]{value: q}, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditInquiryDeclined, Subject: fleet.Subject("inquiry", id)})
	})
}

func (q Inquiry) mustBeOpen() error {
	if q.State != fleet.InquiryOpen {
		return fleet.Errorf(fleet.InUse, "The inquiry is %s: it can no longer be answered", q.State)
	}
	return nil
}

// InquiryOffer is an offer to be made for an inquiry.
type InquiryOffer struct {
	Inquiry fleet.SIMRequestID
	SIMs    []fleet.SIMID // nil for all that the Workspace still owns
	Offer   NewOffer      // without a code and a selection
}

// OfferInquiry offers SIMs of an inquiry to the Workspace that asked for them, with the rules of
// MakeOffer. The request takes the place of a receiving code. There is one offer for an inquiry.
//
// Permission: ManageOffers; users only. Errors: NotFound for the inquiry, and for SIMs that are not
// in it or have left the Workspace; InUse if the inquiry is no longer open, if none of its SIMs is
// left, or if the other Workspace can no longer receive SIMs; *fleet.Conflicts; those of once.
func (c *Control) OfferInquiry(ctx context.Context, caller identity.Principal, n InquiryOffer, w Write[MadeOffer]) (Reply, error) {
	if err := n.Offer.Note.Check(); err != nil {
		return Reply{}, err
	}
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (result[MadeOffer], error) {
		made, err := n.attempt(ctx, tx, caller)
		var refusal *fleet.Conflicts
		if errors.As(err, &refusal) {
			return result[MadeOffer]{refused: refusal}, nil
		}
		return result[MadeOffer]{value: made}, err
	})
}

func (n InquiryOffer) attempt(ctx context.Context, tx *store.Tx, caller identity.Principal) (made MadeOffer, err error) {
	if !caller.UserCredentials() {
		return made, errOnlyUsers
	}
	q, err := n.inquiry(ctx, tx, caller)
	if err != nil {
		return made, err
	}
	if n.Offer.Select.SIMs, err = q.chosen(n.SIMs); err != nil {
		return made, err
	}
	places, err := tx.KeptWorkspaces(ctx, []fleet.WorkspaceID{min(caller.Workspace, q.Request.Workspace.ID), max(caller.Workspace, q.Request.Workspace.ID)})
	if err != nil {
		return made, err
	}
	target := places[q.Request.Workspace.ID]
	if !receives(target) {
		return made, fleet.Errorf(fleet.InUse, "The Workspace that asked can no longer receive SIMs: decline the inquiry")
	}
	if made, err = n.Offer.make(ctx, tx, caller, fleet.ReceivingCode{}, target); err != nil || n.Offer.DryRun {
		return made, err
	}
	q.State, q.Decided, q.DecidedBy, q.Offer = fleet.InquiryOffered, tx.Now(), caller.User, made.Offer.ID
	if err = tx.SaveInquiry(ctx, q.Inquiry); err == nil {
		err = tx.AnswerSIMRequest(ctx, n.Inquiry, made.Offer.ID)
	}
	return made, err
}

// inquiry reads the inquiry, which must be open. A real run first locks its request, so that the
// request is not withdrawn meanwhile; an inquiry of another Workspace locks nothing.
func (n InquiryOffer) inquiry(ctx context.Context, tx *store.Tx, caller identity.Principal) (q Inquiry, err error) {
	q, err = ownInquiry(ctx, tx, caller, n.Inquiry, false)
	if err == nil && !n.Offer.DryRun {
		if _, _, err = tx.HoldSIMRequest(ctx, n.Inquiry); err == nil {
			q, err = ownInquiry(ctx, tx, caller, n.Inquiry, true)
		}
	}
	if err != nil {
		return q, err
	}
	return q, q.mustBeOpen()
}

// chosen returns the SIMs of the inquiry that the caller has named: all if sims is nil.
func (q Inquiry) chosen(sims []fleet.SIMID) (list []fleet.SIMID, err error) {
	for _, s := range q.SIMs {
		list = append(list, s.SIM)
	}
	if len(list) == 0 {
		return nil, fleet.Errorf(fleet.InUse, "None of the SIMs is in your Workspace any more: decline the inquiry")
	}
	if sims == nil {
		return list, nil
	}
	var missing []fleet.SIMID
	for _, id := range sims {
		if !slices.Contains(list, id) {
			missing = append(missing, id)
		}
	}
	return sims, fleet.NotInInquiry(missing)
}
