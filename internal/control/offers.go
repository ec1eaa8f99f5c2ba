package control

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// maxOpenOffers is how many offers of one Workspace may be open at once.
const maxOpenOffers = 500

// NewOffer is an offer to be made.
type NewOffer struct {
	Code            string `json:"-"` // as typed
	Hash            []byte // of Code; it identifies the request
	Select          fleet.JobSelection
	DetachDevices   bool
	AllowedStatuses []fleet.SIMStatus
	Note            fleet.Note
	Expires         time.Time // zero: in a week
	DryRun          bool
}

// Offer is an offer as one of its sides sees it.
type Offer struct {
	fleet.Offer
	Incoming bool // the caller's Workspace receives it
}

// offerSeen returns an offer as a Workspace sees it: without the users of the other side, and
// without how the other side handles its code and its devices.
func offerSeen(by fleet.WorkspaceID, o fleet.Offer) Offer {
	seen := Offer{o, o.Incoming(by)}
	byGiver := o.State == fleet.OfferCancelled
	if seen.Incoming {
		seen.User, seen.Username, seen.DetachDevices = 0, "", false
	} else {
		seen.Code = 0
	}
	if seen.Incoming == byGiver {
		seen.DecidedBy, seen.DecidedName = 0, ""
	}
	if !seen.Incoming {
		seen.Job = 0
	}
	return seen
}

// MadeOffer is an offer and its SIMs. The offer of a dry run has no ID.
type MadeOffer struct {
	Offer  Offer
	DryRun bool
	Models map[fleet.ModelID]fleet.Model
	SIMs   []fleet.OfferSIM // what crosses
}

// MakeOffer offers SIMs of the caller's Workspace to the Workspace of a receiving code, and marks
// them. A dry run returns what the other side would see; it changes nothing but the count of wrong
// codes.
//
// Permission: ManageOffers; users only. Errors: NotFound for a code that cannot be used, whatever
// the reason, and for SIMs that are not in the Workspace; TooManyRequests after 20 wrong codes in
// an hour; ValidationFailed for more SIMs than the code allows; *fleet.Conflicts; those of once.
func (c *Control) MakeOffer(ctx context.Context, caller identity.Principal, n NewOffer, w Write[MadeOffer]) (Reply, error) {
	if err := n.Note.Check(); err != nil {
		return Reply{}, err
	}
	g := guard{need: identity.ManageOffers}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[MadeOffer], error) {
		made, known, err := n.attempt(ctx, tx, caller)
		var refusal *fleet.Conflicts
		switch {
		case err == nil && !known:
			return result[MadeOffer]{refused: errCode()}, nil // stored, so that the guess is counted
		case errors.As(err, &refusal):
			return result[MadeOffer]{refused: refusal}, nil
		}
		return result[MadeOffer]{value: made}, err
	})
}

func (n NewOffer) attempt(ctx context.Context, tx *store.Tx, caller identity.Principal) (made MadeOffer, known bool, err error) {
	if !caller.UserCredentials() {
		return made, true, errOnlyUsers
	}
	code, target, known, err := admittedCode(ctx, tx, caller, n.Code)
	if err != nil || !known {
		return made, known, err
	}
	made, err = n.make(ctx, tx, caller, code, target)
	return made, true, err
}

// make plans the offer to a Workspace, and stores it unless it is a dry run. code is the zero value
// if the Workspace has asked for the SIMs.
func (n NewOffer) make(ctx context.Context, tx *store.Tx, caller identity.Principal, code fleet.ReceivingCode, target fleet.Workspace) (made MadeOffer, err error) {
	offer, err := n.offer(ctx, tx, caller, code, target)
	if err != nil {
		return made, err
	}
	plan, err := n.plan(ctx, tx, caller, offer)
	if err != nil {
		return made, err
	}
	if left := code.Left(); left >= 0 && len(plan.SIMs) > left {
		return made, fleet.Errorf(fleet.ValidationFailed, "receiving_code: it allows %s, and the offer has %d: select fewer, or ask for another code", count(left), len(plan.SIMs))
	}
	offer.SIMs = len(plan.SIMs)
	if !n.DryRun {
		if offer.ID, err = tx.InsertOffer(ctx, offer, plan.SIMs); err == nil && code.ID != 0 {
			err = tx.UseReceivingCode(ctx, code.ID, len(plan.SIMs))
		}
		if err == nil {
			err = notifyReceiver(ctx, tx, offer, 0)
		}
		if err == nil {
			err = auditOffer(ctx, tx, caller, fleet.AuditOfferMade, offer, len(plan.SIMs))
		}
	}
	if err != nil {
		return made, err
	}
	made = MadeOffer{Offer: offerSeen(caller.Workspace, offer), DryRun: n.DryRun}
	if made.SIMs, err = whatCrosses(ctx, tx, plan.SIMs); err != nil {
		return made, err
	}
	made.Models, err = tx.Models(ctx, modelsOf(made.SIMs))
	return made, err
}

// offer returns the offer as it will be stored.
func (n NewOffer) offer(ctx context.Context, tx *store.Tx, caller identity.Principal, code fleet.ReceivingCode, target fleet.Workspace) (o fleet.Offer, err error) {
	expires, err := expiryWithin(tx, "expires_at", n.Expires, fleet.OfferLasts, fleet.MaxOfferTime)
	if err != nil {
		return o, err
	}
	own, err := tx.KeptWorkspaces(ctx, []fleet.WorkspaceID{caller.Workspace})
	if err != nil {
		return o, err
	}
	source := own[caller.Workspace]
	if source.Status != fleet.WorkspaceEnabled {
		return o, fleet.Errorf(fleet.NotAllowed, "This Workspace is suspended: it cannot offer SIMs")
	}
	open, err := tx.OpenOffers(ctx, caller.Workspace)
	if err != nil {
		return o, err
	}
	if open >= maxOpenOffers {
		return o, fleet.Errorf(fleet.InUse, "The Workspace has %d open offers: wait for the answers, or cancel some", open)
	}
	o = fleet.Offer{
		Code: code.ID, Source: source, Target: target, User: caller.User, Username: caller.Username, State: fleet.OfferPending,
		DetachDevices: n.DetachDevices, AllowedStatuses: n.AllowedStatuses, Note: n.Note, Created: tx.Now(), Expires: expires,
	}
	o.NextAt = o.NextLook()
	return o, nil
}

// plan finds the SIMs of the offer, and plans their move.
func (n NewOffer) plan(ctx context.Context, tx *store.Tx, caller identity.Principal, o fleet.Offer) (*fleet.Plan, error) {
	sims, missing, err := n.sims(ctx, tx, caller)
	if err != nil {
		return nil, err
	}
	if len(sims) > fleet.MaxOfferSIMs {
		return nil, fleet.Invalid("select", "it selects more than %d SIMs: make several offers", fleet.MaxOfferSIMs)
	}
	if err := fleet.NotFoundSIMs(missing); err != nil {
		return nil, err
	}
	if len(sims) == 0 {
		return nil, fleet.Errorf(fleet.NotFound, "select: it selects no SIM of this Workspace")
	}
	sel := fleet.Selector{SIMs: make([]fleet.SIMID, len(sims))}
	for i, s := range sims {
		sel.SIMs[i] = s.ID
	}
	role := caller.Role
	if caller.SuperAdmin {
		role = fleet.SuperAdmin
	}
	snap := fleet.Snapshot{SIMs: sims}
	if err := tx.AddRules(ctx, &snap); err != nil {
		return nil, err
	}
	return fleet.PlanOffer(o, role, sel, snap)
}

// sims finds the SIMs of the selection in the caller's Workspace, each once, and locks them unless
// it is a dry run.
func (n NewOffer) sims(ctx context.Context, tx *store.Tx, caller identity.Principal) (sims []fleet.SIMState, missing []string, err error) {
	selectors, err := n.selectors(ctx, tx, caller)
	if err != nil {
		return nil, nil, err
	}
	own := map[fleet.WorkspaceID]fleet.Standing{caller.Workspace: {Workspace: fleet.Workspace{ID: caller.Workspace}, Role: fleet.Observer}}
	known := make(map[fleet.SIMID]bool)
	for _, sel := range selectors {
		read, err := tx.OwnSIMs(ctx, storeCaller(caller), caller.Workspace, sel, !n.DryRun)
		if err != nil {
			return nil, nil, err
		}
		found, absent := fleet.Resolve(sel, fleet.Snapshot{SIMs: read, Workspaces: own})
		for _, s := range found {
			if !known[s.ID] {
				sims = append(sims, s)
			}
			known[s.ID] = true
		}
		missing = append(missing, absent...)
	}
	return sims, missing, nil
}

// selectors returns the parts of the selection.
func (n NewOffer) selectors(ctx context.Context, tx *store.Tx, caller identity.Principal) (list []fleet.Selector, err error) {
	if len(n.Select.SIMs) > 0 {
		list = append(list, fleet.Selector{SIMs: fleet.Once(n.Select.SIMs)})
	}
	if len(n.Select.ICCIDs) > 0 {
		list = append(list, fleet.Selector{ICCIDs: fleet.Once(n.Select.ICCIDs)})
	}
	for _, r := range n.Select.Ranges {
		if r.Width() > fleet.MaxOfferSIMs {
			return nil, fleet.Invalid("select.iccid_ranges", "a range has more than %d numbers: make several offers", fleet.MaxOfferSIMs)
		}
		list = append(list, fleet.Selector{Range: &r})
	}
	for _, f := range n.Select.Filters {
		if f.Workspace != caller.Workspace {
			return nil, fleet.Missing("workspace", int64(f.Workspace))
		}
		found, err := filtered(ctx, tx, f, 0, fleet.MaxOfferSIMs+1)
		if err != nil {
			return nil, err
		}
		ids := make([]fleet.SIMID, 0, len(found))
		for _, s := range found {
			if !slices.Contains(f.Except, s.ID) {
				ids = append(ids, s.ID)
			}
		}
		if len(ids) > 0 {
			list = append(list, fleet.Selector{SIMs: ids})
		}
	}
	return list, nil
}

// whatCrosses returns what the receiver would see of SIMs.
func whatCrosses(ctx context.Context, tx *store.Tx, sims []fleet.SIMState) ([]fleet.OfferSIM, error) {
	models, err := tx.ModelsOf(ctx, sims)
	list := make([]fleet.OfferSIM, len(sims))
	for i, s := range sims {
		list[i] = fleet.OfferSIM{SIM: s.ID, ICCID: s.ICCID, Status: s.Status, Model: models[s.ID]}
	}
	return list, err
}

// auditOffer records what the caller did with an offer, in the log of their own Workspace, and for
// the other side that it was done, without the user.
func auditOffer(ctx context.Context, tx *store.Tx, caller identity.Principal, action fleet.AuditAction, o fleet.Offer, sims int) error {
	if err := auditOtherSide(ctx, tx, caller.Workspace, action, o, sims); err != nil {
		return err
	}
	return audit(ctx, tx, caller, fleet.AuditEntry{
		Action: action, Subject: fleet.Subject("offer", o.ID), Detail: fleet.AuditDetail{SIMs: sims, Target: o.Target.ID, Status: string(o.State)},
	})
}

// auditOtherSide records a change of an offer for those sides of it that are not the Workspace that
// made it.
func auditOtherSide(ctx context.Context, tx *store.Tx, by fleet.WorkspaceID, action fleet.AuditAction, o fleet.Offer, sims int) error {
	e := fleet.AuditEntry{Action: action, Subject: fleet.Subject("offer", o.ID), Detail: fleet.AuditDetail{SIMs: sims, Target: o.Target.ID, Status: string(o.State)}}
	for _, ws := range []fleet.WorkspaceID{o.Source.ID, o.Target.ID} {
		if ws != by {
			e.Workspaces = append(e.Workspaces, ws)
		}
	}
	return ByServer(ctx, tx, e)
}

// Offer reads an offer that the caller's Workspace has made or receives.
//
// Permission: ReadMigrations. Errors: NotFound.
func (c *Control) Offer(ctx context.Context, caller identity.Principal, id fleet.OfferID) (o Offer, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return o, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		found, err := ownOffer(ctx, tx, caller, id, false)
		o = offerSeen(caller.Workspace, found)
		return err
	})
	return o, err
}

// ownOffer reads an offer that the caller's Workspace has made or receives, with all that is known
// of it.
func ownOffer(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.OfferID, lock bool) (fleet.Offer, error) {
	o, found, err := tx.OfferOf(ctx, caller.Workspace, id, lock)
	if err == nil && !found {
		err = fleet.Missing("offer", int64(id))
	}
	return o, err
}

// ListOffers reads one page of the offers that the caller's Workspace has made or receives.
//
// Permission: ReadMigrations. Errors: BadQuery for an unknown direction or status.
func (c *Control) ListOffers(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[Offer], err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		found, err := tx.Offers(ctx, caller.Workspace, l)
		page = fleet.Page[Offer]{Items: make([]Offer, len(found.Items)), Total: found.Total, Page: found.Page, PerPage: found.PerPage}
		for i, o := range found.Items {
			page.Items[i] = offerSeen(caller.Workspace, o)
		}
		return err
	})
	return page, err
}

// OfferSIMs are SIMs of an offer, and the models of those.
type OfferSIMs struct {
	fleet.Page[fleet.OfferSIM]
	Offer  Offer
	Models map[fleet.ModelID]fleet.Model
}

// ListOfferSIMs reads one page of the SIMs of an offer.
//
// Permission: ReadMigrations. Errors: NotFound for the offer; BadQuery for an unknown state.
func (c *Control) ListOfferSIMs(ctx context.Context, caller identity.Principal, id fleet.OfferID, l fleet.List) (found OfferSIMs, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return found, err
	}
	if l, err = offerSIMStates(l); err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		o, err := ownOffer(ctx, tx, caller, id, false)
		if err != nil {
			return err
		}
		found.Offer = offerSeen(caller.Workspace, o)
		if found.Page, err = tx.OfferSIMs(ctx, id, l); err != nil {
			return err
		}
		found.Models, err = tx.Models(ctx, modelsOf(found.Items))
		return err
	})
	return found, err
}

func modelsOf(sims []fleet.OfferSIM) []fleet.ModelID {
	ids := make([]fleet.ModelID, len(sims))
	for i, s := range sims {
		ids[i] = s.Model
	}
	return fleet.Once(ids)
}

// offerSIMStates replaces the names of states in a filter by their numbers.
func offerSIMStates(l fleet.List) (fleet.List, error) {
	l.Filters = slices.Clone(l.Filters)
	for i, f := range l.Filters {
		if f.Field.Name != "state" {
			continue
		}
		var numbers []int64
		for _, text := range f.Texts {
			at := slices.IndexFunc(fleet.OfferSIMStates, func(s fleet.Named[fleet.OfferSIMState]) bool { return s.Name == text })
			if at < 0 {
				return l, fleet.Errorf(fleet.BadQuery, "q: %q is not a state of a SIM of an offer; known: %s", fleet.Clip(text), fleet.Keywords(fleet.OfferSIMStates))
			}
			numbers = append(numbers, int64(fleet.OfferSIMStates[at].ID))
		}
		l.Filters[i] = fleet.Filter{Field: fleet.ListField{Name: "state"}, Numbers: numbers}
	}
	return l, nil
}
