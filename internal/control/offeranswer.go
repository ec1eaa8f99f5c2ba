package control

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// OfferAnswer is a request to accept an offer.
type OfferAnswer struct {
	fleet.OfferAnswer
	DryRun bool
	Tag    string // if it is not "", the answer must have this Acceptance.Tag
}

// AnsweredOffer is the result of an answer to an offer. Offer is the offer after it.
type AnsweredOffer struct {
	fleet.Acceptance
	DryRun bool
}

// Seen returns the offer as the receiver sees it.
func (a AnsweredOffer) Seen() Offer { return offerSeen(a.Offer.Target.ID, a.Offer) }

// AcceptOffer moves SIMs of an offer into the caller's Workspace: at once up to 500, and with a job
// beyond that. SIMs that are not accepted stay with the giver. An answer ends the offer, and there
// is only one. The rules of a migration decide with the rights that both sides have now.
//
// Permission: ManageOffers in the Workspace that receives the offer; users only. Errors: NotFound
// for an offer of other Workspaces and for SIMs that are not in it; Forbidden for the giver; InUse
// if the offer has been answered, has expired or was cancelled; PreconditionStale if the answer has
// another tag; *fleet.Conflicts; those of once.
func (c *Control) AcceptOffer(ctx context.Context, caller identity.Principal, a OfferAnswer, w Write[AnsweredOffer]) (Reply, error) {
	if err := checkRefusals(a.Refuse); err != nil {
		return Reply{}, err
	}
	uid := uuid.NewString() // of all attempts of the transaction
	r, err := once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (result[AnsweredOffer], error) {
		done, err := a.attempt(ctx, tx, caller, uid)
		var refusal *fleet.Conflicts
		switch {
		case err == nil:
			return result[AnsweredOffer]{value: done, entry: done.Offer.Entry}, nil
		case errors.As(err, &refusal):
			return result[AnsweredOffer]{refused: refusal}, nil
		}
		return result[AnsweredOffer]{}, err
	})
	c.wakeJobs()
	return r, err
}

func checkRefusals(list []fleet.OfferRefusal) error {
	for i, r := range list {
		field := fmt.Sprintf("refuse[%d].reason", i)
		if n := utf8.RuneCountInString(r.Reason); n > fleet.MaxOfferReason {
			return fleet.Invalid(field, "it has %d characters; at most %d are allowed: shorten it", n, fleet.MaxOfferReason)
		}
		if err := fleet.CheckText(r.Reason); err != nil {
			return fleet.Invalid(field, "%v", err)
		}
	}
	return nil
}

func (a OfferAnswer) attempt(ctx context.Context, tx *store.Tx, caller identity.Principal, uid string) (done AnsweredOffer, err error) {
	o, err := answerable(ctx, tx, caller, a.Offer)
	if err != nil {
		return done, err
	}
	sims, err := tx.OfferedSIMs(ctx, o.ID)
	if err != nil {
		return done, err
	}
	snap, o, err := offerSnapshot(ctx, tx, o, caller.User, idsOf(sims), !a.DryRun)
	if err != nil {
		return done, err
	}
	planned, err := fleet.PlanAcceptance(a.OfferAnswer, o, sims, snap)
	if err != nil {
		return done, err
	}
	if a.Tag != "" && a.Tag != planned.Tag() {
		return done, fleet.Errorf(fleet.PreconditionStale, "The SIMs of the offer have changed since the preview: read it again")
	}
	done = AnsweredOffer{*planned, a.DryRun}
	if a.DryRun {
		return done, nil
	}
	done.Offer.Decided, done.Offer.DecidedBy, done.Offer.DecidedName = tx.Now(), caller.User, caller.Username
	if err := writeRefusals(ctx, tx, done.Acceptance); err != nil {
		return done, err
	}
	switch plan := done.Plan; {
	case plan == nil:
		done.Offer, err = closeOffer(ctx, tx, done.Offer, 0, "")
	case len(plan.SIMs) > fleet.MaxSIMs:
		err = a.byJob(ctx, tx, caller, &done)
		return done, err
	default:
		err = acceptNow(ctx, tx, caller, &done, uid)
		return done, err
	}
	if err != nil {
		return done, err
	}
	return done, auditOffer(ctx, tx, caller, fleet.AuditOfferRefused, done.Offer, done.Offer.SIMs)
}

// answerable reads and locks a pending offer that the caller's Workspace receives.
func answerable(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.OfferID) (o fleet.Offer, err error) {
	if !caller.UserCredentials() {
		return o, errOnlyUsers
	}
	if o, err = ownOffer(ctx, tx, caller, id, true); err != nil {
		return o, err
	}
	switch {
	case !o.Incoming(caller.Workspace):
		return o, fleet.Errorf(fleet.Forbidden, "Your Workspace made this offer: only the receiver can answer it; cancel it instead")
	case o.ExpiredAt(tx.Now()):
		return o, fleet.Errorf(fleet.InUse, "The offer expired at %s: ask for a new one", instantText(o.Expires))
	case o.State != fleet.OfferPending:
		return o, fleet.Errorf(fleet.InUse, "The offer is %s: it can no longer be answered", o.State)
	}
	return o, nil
}

// offerSnapshot reads the input of the planner for SIMs of an offer that a user receives: the SIMs,
// and what both sides are now. It also returns the offer with its Workspaces as they are.
func offerSnapshot(ctx context.Context, tx *store.Tx, o fleet.Offer, receiver fleet.UserID, sims []fleet.SIMID, lock bool) (snap fleet.Snapshot, now fleet.Offer, err error) {
	if snap, err = tx.OfferSnapshot(ctx, sims, lock); err == nil {
		err = tx.AddRules(ctx, &snap)
	}
	if err != nil {
		return snap, o, err
	}
	places, err := tx.KeptWorkspaces(ctx, []fleet.WorkspaceID{min(o.Source.ID, o.Target.ID), max(o.Source.ID, o.Target.ID)})
	if err != nil {
		return snap, o, err
	}
	o.Source, o.Target = places[o.Source.ID], places[o.Target.ID]
	given, err := tx.Standings(ctx, o.User, []fleet.WorkspaceID{o.Source.ID})
	if err != nil {
		return snap, o, err
	}
	received, err := tx.Standings(ctx, receiver, []fleet.WorkspaceID{o.Target.ID})
	if err != nil {
		return snap, o, err
	}
	giver, found, err := tx.UserByID(ctx, o.User)
	if err != nil {
		return snap, o, err
	}
	role := fleet.NoRole
	if found && giver.Status == fleet.UserActive {
		role = given[o.Source.ID].Role
	}
	snap.Workspaces = fleet.OfferSides(o, role, received[o.Target.ID].Role)
	return snap, o, nil
}

func idsOf(sims []fleet.OfferSIM) []fleet.SIMID {
	ids := make([]fleet.SIMID, len(sims))
	for i, s := range sims {
		ids[i] = s.SIM
	}
	return ids
}

// writeRefusals writes which SIMs of an offer do not move.
func writeRefusals(ctx context.Context, tx *store.Tx, a fleet.Acceptance) error {
	same := make(map[string][]fleet.SIMID) // by reason
	for _, r := range a.Refused {
		same[r.Reason] = append(same[r.Reason], r.SIM)
	}
	for reason, sims := range same {
		if err := tx.DecideOfferSIMs(ctx, a.Offer.ID, fleet.SIMOfferRefused, sims, reason); err != nil {
			return err
		}
	}
	return tx.DecideOfferSIMs(ctx, a.Offer.ID, fleet.SIMOfferGone, a.Gone, "")
}

// acceptNow moves the accepted SIMs in this transaction, and ends the offer.
func acceptNow(ctx context.Context, tx *store.Tx, caller identity.Principal, done *AnsweredOffer, uid string) (err error) {
	c := change(done.Plan, caller, uid, about{note: done.Offer.Note})
	c.Audit.Action, c.Audit.Subject = fleet.AuditOfferAccepted, fleet.Subject("offer", done.Offer.ID)
	if done.Offer.Entry, err = tx.Apply(ctx, c); err != nil {
		return err
	}
	if err := tx.DecideOfferSIMs(ctx, done.Offer.ID, fleet.SIMOfferAccepted, done.Plan.Request.Select.SIMs, ""); err != nil {
		return err
	}
	if done.Offer, err = closeOffer(ctx, tx, done.Offer, 0, ""); err != nil {
		return err
	}
	return auditOtherSide(ctx, tx, caller.Workspace, fleet.AuditOfferAccepted, done.Offer, len(done.Plan.SIMs))
}

// acceptTime is how long the job of an accepted offer may take.
const acceptTime = fleet.OfferLasts

// byJob makes a job that moves the accepted SIMs. It ends the offer when it ends.
func (a OfferAnswer) byJob(ctx context.Context, tx *store.Tx, caller identity.Principal, done *AnsweredOffer) error {
	o := &done.Offer
	n := NewJob{
		Kind: fleet.JobMigration, Target: o.Target.ID, Note: o.Note, Select: fleet.JobSelection{SIMs: done.Plan.Request.Select.SIMs},
		Options: fleet.JobOptions{
			AllowedStatuses: o.AllowedStatuses, DetachDevices: o.DetachDevices, Skip: true, Auto: true, Activate: a.Activate, Offer: o.ID,
			NotAfter: tx.Now().Add(acceptTime),
		},
	}
	j, err := n.store(ctx, tx, caller)
	if err != nil {
		return err
	}
	o.Job, o.State, o.Refused, o.Gone = j.ID, fleet.OfferAccepting, len(done.Refused), len(done.Gone)
	o.NextAt = time.Time{}
	if err := tx.SaveOffer(ctx, *o); err != nil {
		return err
	}
	return auditOffer(ctx, tx, caller, fleet.AuditOfferAccepted, *o, len(done.Plan.SIMs))
}

// closeOffer ends an offer by what became of its SIMs, and notifies the giver. SIMs that are still
// offered are refused with the reason, unless a job has moved them. The state is how it ended; if
// it is missing or "", the SIMs decide it.
func closeOffer(ctx context.Context, tx *store.Tx, o fleet.Offer, job fleet.JobID, reason string, state ...fleet.OfferState) (fleet.Offer, error) {
	counts, err := tx.CloseOfferSIMs(ctx, o.ID, job, reason)
	if err != nil {
		return o, err
	}
	var how fleet.OfferState
	if len(state) > 0 {
		how = state[0]
	}
	o = o.End(how, counts[fleet.SIMOfferAccepted], counts[fleet.SIMOfferRefused], counts[fleet.SIMOfferGone], tx.Now())
	if err := tx.SaveOffer(ctx, o); err != nil {
		return o, err
	}
	return o, notifyGiver(ctx, tx, o)
}

// jobEnded ends the offer of a job that has ended.
func jobEnded(ctx context.Context, tx *store.Tx, j fleet.Job) error {
	if !j.State.Ended() || j.Options.Offer == 0 {
		return nil
	}
	o, found, err := tx.HoldOffer(ctx, j.Options.Offer)
	if err != nil || !found || o.State != fleet.OfferAccepting || o.Job != j.ID {
		return err
	}
	if o, err = closeOffer(ctx, tx, o, j.ID, "the job did not move it"); err != nil {
		return err
	}
	return auditOtherSide(ctx, tx, 0, fleet.AuditOfferEnded, o, o.Accepted)
}

// OfferRefused is a request to refuse a whole offer.
type OfferRefused struct {
	Offer  fleet.OfferID
	Reason string
}

// RefuseOffer refuses all SIMs of an offer.
//
// Permission and errors: those of AcceptOffer.
func (c *Control) RefuseOffer(ctx context.Context, caller identity.Principal, r OfferRefused, w Write[Offer]) (Reply, error) {
	if err := checkRefusals([]fleet.OfferRefusal{{Reason: r.Reason}}); err != nil {
		return Reply{}, err
	}
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (result[Offer], error) {
		o, err := answerable(ctx, tx, caller, r.Offer)
		if err != nil {
			return result[Offer]{}, err
		}
		o.Decided, o.DecidedBy, o.DecidedName = tx.Now(), caller.User, caller.Username
		if o, err = closeOffer(ctx, tx, o, 0, r.Reason, fleet.OfferRefused); err != nil {
			return result[Offer]{}, err
		}
		return result[Offer]{value: offerSeen(caller.Workspace, o)}, auditOffer(ctx, tx, caller, fleet.AuditOfferRefused, o, o.SIMs)
	})
}

// WithdrawOffer ends a pending offer for the operator: every SIM stays with the giver. The caller
// records it in the audit log.
//
// Errors: NotFound; InUse if the offer is no longer pending.
func WithdrawOffer(ctx context.Context, tx *store.Tx, id fleet.OfferID) (o fleet.Offer, err error) {
	o, found, err := tx.HoldOffer(ctx, id)
	switch {
	case err != nil:
		return o, err
	case !found:
		return o, fleet.Missing("offer", int64(id))
	case o.State != fleet.OfferPending:
		return o, fleet.Errorf(fleet.InUse, "The offer is %s: it can no longer be withdrawn", o.State)
	case !tx.Now().Before(o.Expires): // no server has noticed yet
		return o, fleet.Errorf(fleet.InUse, "The offer expired at %s: it can no longer be withdrawn", instantText(o.Expires))
	}
	o.Decided = tx.Now()
	return closeOffer(ctx, tx, o, 0, "the operator withdrew the offer", fleet.OfferWithdrawn)
}

// CancelOffer cancels a pending offer of the caller's Workspace.
//
// Permission: ManageOffers in the Workspace that made the offer. Errors: NotFound; Forbidden for
// the receiver; InUse if the offer is no longer pending; those of once.
func (c *Control) CancelOffer(ctx context.Context, caller identity.Principal, id fleet.OfferID, w Write[Offer]) (Reply, error) {
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (result[Offer], error) {
		var none result[Offer]
		o, err := ownOffer(ctx, tx, caller, id, true)
		switch {
		case err != nil:
			return none, err
		case o.Incoming(caller.Workspace):
			return none, fleet.Errorf(fleet.Forbidden, "Your Workspace receives this offer: refuse it instead")
		case o.State != fleet.OfferPending:
			return none, fleet.Errorf(fleet.InUse, "The offer is %s: it can no longer be cancelled", o.State)
		}
		o.Decided, o.DecidedBy, o.DecidedName = tx.Now(), caller.User, caller.Username
		if o, err = closeOffer(ctx, tx, o, 0, "", fleet.OfferCancelled); err != nil {
			return none, err
		}
		return result[Offer]{value: offerSeen(caller.Workspace, o)}, auditOffer(ctx, tx, caller, fleet.AuditOfferCancelled, o, o.SIMs)
	})
}
