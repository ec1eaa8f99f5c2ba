package control

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Limits of requests for SIMs, so that owners cannot be flooded with them.
const (
	maxOpenRequests = 20 // of one Workspace
	maxNewRequests  = 10 // of one Workspace in a day
	requestPeriod   = 24 * time.Hour
)

// NewSIMRequest is a request for SIMs to be made.
type NewSIMRequest struct {
	ICCIDs  []fleet.ICCID
	Note    fleet.Note
	Expires time.Time // zero: in two weeks
}

// SIMRequest is a request for SIMs with its ICCIDs.
type SIMRequest struct {
	fleet.SIMRequest
	ICCIDs []fleet.RequestedICCID
}

// RequestSIMs asks the owners of SIMs, who are not named, for an offer to the caller's Workspace.
// It reads no SIM, and its result does not depend on any: a server looks up the owners afterwards.
//
// Permission: ManageOffers; users only. Errors: BadRequest that names the field; NotAllowed if the
// Workspace cannot receive SIMs; InUse if it has 20 open requests; TooManyRequests after 10
// requests in a day; those of once.
func (c *Control) RequestSIMs(ctx context.Context, caller identity.Principal, n NewSIMRequest, w Write[SIMRequest]) (Reply, error) {
	if err := n.Note.Check(); err != nil {
		return Reply{}, err
	}
	switch {
	case len(n.ICCIDs) == 0:
		return Reply{}, fleet.Invalid("iccids", "it is empty: name at least one ICCID")
	case len(n.ICCIDs) > fleet.MaxRequestICCIDs:
		return Reply{}, fleet.Invalid("iccids", "it has %d ICCIDs; at most %d are allowed: make several requests", len(n.ICCIDs), fleet.MaxRequestICCIDs)
	}
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (done result[SIMRequest], err error) {
		r, err := n.check(ctx, tx, caller)
		if err != nil {
			return done, err
		}
		if r.ID, err = tx.InsertSIMRequest(ctx, r, n.ICCIDs); err != nil {
			return done, err
		}
		done.value = SIMRequest{SIMRequest: r}
		if done.value.ICCIDs, err = tx.RequestedICCIDs(ctx, r.ID); err != nil {
			return done, err
		}
		return done, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditRequestMade, Subject: fleet.Subject("sim_request", r.ID)})
	})
}

// check returns the request that the caller may make.
func (n NewSIMRequest) check(ctx context.Context, tx *store.Tx, caller identity.Principal) (r fleet.SIMRequest, err error) {
	if !caller.UserCredentials() {
		return r, errOnlyUsers
	}
	expires, err := expiryWithin(tx, "expires_at", n.Expires, fleet.RequestLasts, fleet.MaxRequestTime)
	if err != nil {
		return r, err
	}
	own, err := tx.KeptWorkspaces(ctx, []fleet.WorkspaceID{caller.Workspace})
	if err != nil {
		return r, err
	}
	asker := own[caller.Workspace]
	if asker.Type != fleet.Enterprise {
		return r, fleet.Errorf(fleet.NotAllowed, "This Workspace cannot receive SIMs: it must be an enterprise Workspace")
	}
	made, err := simRequestsOf(caller.Workspace).Add(ctx, tx, requestPeriod)
	if err != nil {
		return r, err
	}
	if made.Count > maxNewRequests {
		return r, TooMany("Too many requests for SIMs", made.Expires.Sub(tx.Now()))
	}
	open, err := tx.OpenSIMRequests(ctx, caller.Workspace)
	if err != nil {
		return r, err
	}
	if open >= maxOpenRequests {
		return r, fleet.Errorf(fleet.InUse, "The Workspace has %d open requests: wait until they expire, or withdraw some", open)
	}
	return fleet.SIMRequest{
		Workspace: asker, User: caller.User, Username: caller.Username, State: fleet.RequestOpen, Note: n.Note, Created: tx.Now(), Expires: expires, ICCIDs: len(n.ICCIDs),
	}, nil
}

// receives reports whether a Workspace can receive SIMs.
func receives(w fleet.Workspace) bool {
	return w.ID != 0 && w.Status == fleet.WorkspaceEnabled && w.Type == fleet.Enterprise
}

// SIMRequest reads a request that the caller's Workspace has made.
//
// Permission: ReadMigrations. Errors: NotFound.
func (c *Control) SIMRequest(ctx context.Context, caller identity.Principal, id fleet.SIMRequestID) (r SIMRequest, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return r, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		r, err = ownRequest(ctx, tx, caller, id, false)
		return err
	})
	return r, err
}

func ownRequest(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.SIMRequestID, lock bool) (r SIMRequest, err error) {
	one, found, err := tx.SIMRequestOf(ctx, caller.Workspace, id, lock)
	if err == nil && !found {
		err = fleet.Missing("request", int64(id))
	}
	if err != nil {
		return r, err
	}
	r.SIMRequest = one
	r.ICCIDs, err = tx.RequestedICCIDs(ctx, id)
	return r, err
}

// ListSIMRequests reads one page of the requests that the caller's Workspace has made, without
// their ICCIDs.
//
// Permission: ReadMigrations.
func (c *Control) ListSIMRequests(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[fleet.SIMRequest], err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.SIMRequests(ctx, caller.Workspace, l)
		return err
	})
	return page, err
}

// WithdrawSIMRequest ends a request of the caller's Workspace. Offers that were made for it stay.
//
// Permission: ManageOffers. Errors: NotFound; InUse if it is withdrawn or has expired; those of
// once.
func (c *Control) WithdrawSIMRequest(ctx context.Context, caller identity.Principal, id fleet.SIMRequestID, w Write[SIMRequest]) (Reply, error) {
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (done result[SIMRequest], err error) {
		r, err := ownRequest(ctx, tx, caller, id, true)
		if err != nil {
			return done, err
		}
		if !r.Answerable(tx.Now()) {
			return done, fleet.Errorf(fleet.InUse, "The request is over: it can no longer be withdrawn")
		}
		r.State, r.Ended = fleet.RequestWithdrawn, tx.Now()
		if err := tx.WithdrawSIMRequest(ctx, id); err != nil {
			return done, err
		}
		return result[SIMRequest]{value: r}, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditRequestWithdrawn, Subject: fleet.Subject("sim_request", id)})
	})
}

// TendSIMRequests looks up the owners of the SIMs of new requests, and makes an inquiry for each.
// The server calls it every second; several servers may. It is not part of RequestSIMs, so that the
// time of a response does not depend on which SIMs exist.
func (c *Control) TendSIMRequests(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil; {
		due := false
		err := c.store.Read(ctx, func(tx *store.Tx) (err error) {
			due, err = tx.SIMRequestDue(ctx)
			return err
		})
		if err != nil || !due {
			return err
		}
		err = c.store.Update(ctx, func(tx *store.Tx) (err error) {
			more, err = tendSIMRequest(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tendSIMRequest makes the inquiries of one request; more is false if there is none. SIMs that
// appear or change their owner later do not belong to it.
func tendSIMRequest(ctx context.Context, tx *store.Tx) (more bool, err error) {
	r, found, err := tx.DueSIMRequest(ctx)
	if err != nil || !found {
		return false, err
	}
	if err := tx.SIMRequestDone(ctx, r.ID); err != nil || !r.Answerable(tx.Now()) {
		return true, err
	}
	owners, sims, err := tx.AskedSIMs(ctx, r)
	if err != nil {
		return false, err
	}
	for _, ws := range owners {
		if err := tx.InsertInquiry(ctx, r.ID, ws, sims[ws]); err != nil {
			return false, err
		}
		if err := notifyOwner(ctx, tx, r, ws); err != nil {
			return false, err
		}
	}
	// The ids of entries and their places in the chain are visible to every Workspace, so there is
	// one entry whether there are owners or not. The random text keeps the hash of the next entry
	// from confirming a guess of its content.
	return true, ByServer(ctx, tx, fleet.AuditEntry{
		Action: fleet.AuditInquiryReceived, Subject: fleet.Subject("inquiry", r.ID), Workspaces: owners, RequestID: uuid.NewString(),
	})
}
