package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	codeLasts         = 7 * 24 * time.Hour
	maxCodeTime       = 90 * 24 * time.Hour
	maxReceivingCodes = 200 // of one Workspace that are neither revoked nor expired
	codeGuesses       = 20  // wrong codes of one user in an hour
	codePeriod        = time.Hour
)

// NewReceivingCode is a receiving code to be made.
type NewReceivingCode struct {
	Description string
	SingleUse   bool
	MaxSIMs     int               // of all its offers, 0 for any number
	Sender      fleet.WorkspaceID // the only one that may use it, 0 for any; it may be unknown
	Expires     time.Time         // zero: in a week
}

// ReceivingCode is a receiving code. Text is the code itself, which is known only when it is made.
type ReceivingCode struct {
	fleet.ReceivingCode
	Text   string
	Status fleet.CodeStatus
}

// MakeReceivingCode makes a code with which others can offer SIMs to the caller's Workspace.
// Repetitions under the same key are refused, because the code is not stored.
//
// Permission: ManageOffers. Errors: BadRequest that names the field; NotAllowed if the Workspace
// cannot receive SIMs; InUse if it has too many codes; those of once.
func (c *Control) MakeReceivingCode(ctx context.Context, caller identity.Principal, n NewReceivingCode, w Write[ReceivingCode]) (Reply, error) {
	if err := checkDescription(n.Description); err != nil {
		return Reply{}, err
	}
	if n.MaxSIMs < 0 {
		return Reply{}, fleet.Invalid("max_sims", "it must be at least 1; omit it for any number")
	}
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (done result[ReceivingCode], err error) {
		code, err := n.check(ctx, tx, caller)
		if err != nil {
			return done, err
		}
		text, hash := identity.NewReceivingCode()
		if code.ID, err = tx.InsertReceivingCode(ctx, code, hash); err != nil {
			return done, err
		}
		done.value = ReceivingCode{code, text, fleet.CodeValid}
		done.again = fleet.Errorf(fleet.Duplicated,
			"The receiving code %d was already made with this Idempotency-Key; its text was shown then and is not stored; if you do not have it, revoke it and make another one", code.ID)
		return done, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditCodeMade, Subject: fleet.Subject("receiving_code", code.ID)})
	})
}

// check returns the code that the caller may make.
func (n NewReceivingCode) check(ctx context.Context, tx *store.Tx, caller identity.Principal) (code fleet.ReceivingCode, err error) {
	expires, err := expiryWithin(tx, "expires_at", n.Expires, codeLasts, maxCodeTime)
	if err != nil {
		return code, err
	}
	found, err := tx.KeptWorkspaces(ctx, []fleet.WorkspaceID{caller.Workspace})
	if err != nil {
		return code, err
	}
	if ws := found[caller.Workspace]; ws.Type != fleet.Enterprise {
		return code, fleet.Errorf(fleet.NotAllowed, "This Workspace cannot receive SIMs: it must be an enterprise Workspace")
	}
	valid, err := tx.ValidReceivingCodes(ctx, caller.Workspace)
	if err != nil {
		return code, err
	}
	if valid >= maxReceivingCodes {
		return code, fleet.Errorf(fleet.InUse, "The Workspace has %d receiving codes: revoke some of them", valid)
	}
	return fleet.ReceivingCode{
		Workspace: caller.Workspace, User: caller.User, Username: caller.Username, Description: n.Description, SingleUse: n.SingleUse,
		MaxSIMs: n.MaxSIMs, Sender: n.Sender, Created: tx.Now(), Expires: expires,
	}, nil
}

// expiryWithin returns the end of something: after lasts if none is given. It must be in the
// future, and not too far.
func expiryWithin(tx *store.Tx, field string, given time.Time, lasts, most time.Duration) (time.Time, error) {
	now := tx.Now()
	switch {
	case given.IsZero():
		return now.Add(lasts), nil
	case !given.After(now):
		return given, fleet.Invalid(field, "%s is in the past: choose a future time", given.UTC().Format(time.RFC3339))
	case given.After(now.Add(most)):
		return given, fleet.Invalid(field, "%s is too far: choose a time within %d days", given.UTC().Format(time.RFC3339), int(most/(24*time.Hour)))
	}
	return given.UTC().Truncate(time.Microsecond), nil
}

// ListReceivingCodes reads one page of the receiving codes of the caller's Workspace.
//
// Permission: ManageOffers.
func (c *Control) ListReceivingCodes(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[ReceivingCode], err error) {
	if err := caller.Require(identity.ManageOffers); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		found, err := tx.ReceivingCodes(ctx, caller.Workspace, l)
		page = fleet.Page[ReceivingCode]{Items: make([]ReceivingCode, len(found.Items)), Total: found.Total, Page: found.Page, PerPage: found.PerPage}
		for i, code := range found.Items {
			page.Items[i] = ReceivingCode{ReceivingCode: code, Status: code.Status(tx.Now())}
		}
		return err
	})
	return page, err
}

// RevokeReceivingCode ends a receiving code of the caller's Workspace. Offers that were made with
// it stay.
//
// Permission: ManageOffers. Errors: NotFound; those of once.
func (c *Control) RevokeReceivingCode(ctx context.Context, caller identity.Principal, id fleet.CodeID, w Write[None]) (Reply, error) {
	return once(ctx, c, caller, guard{need: identity.ManageOffers}, w, func(tx *store.Tx, caller identity.Principal) (done result[None], err error) {
		code, found, err := tx.ReceivingCode(ctx, caller.Workspace, id)
		if err == nil && !found {
			err = fleet.Missing("receiving code", int64(id))
		}
		if err != nil {
			return done, err
		}
		if revoked, err := tx.RevokeReceivingCode(ctx, code.ID); err != nil || !revoked {
			return done, err
		}
		return done, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditCodeRevoked, Subject: fleet.Subject("receiving_code", code.ID)})
	})
}

// HashReceivingCode returns what identifies a receiving code, as typed, in a request.
func HashReceivingCode(typed string) []byte { return identity.HashReceivingCode(typed) }

// errCode is the refusal of every code that cannot be used: unknown, used, expired, revoked, or for
// another sender. It says nothing else, so that codes cannot be explored.
func errCode() *fleet.Error {
	refusal := fleet.Errorf(fleet.NotFound, "receiving_code: no offer can be made with this code: check it, or ask the receiver for a new one")
	refusal.Field, refusal.Problems = "receiving_code", []fleet.Problem{{Code: fleet.NotFound, Message: refusal.Message}}
	return refusal
}

// admittedCode finds the code that a user sent and its Workspace; found is false if it cannot be
// used. A wrong code is counted, which must be committed.
//
// Errors: TooManyRequests.
func admittedCode(ctx context.Context, tx *store.Tx, caller identity.Principal, typed string) (code fleet.ReceivingCode, target fleet.Workspace, found bool, err error) {
	wrong := codeGuessesOf(caller.User)
	n, err := wrong.Read(ctx, tx)
	if err != nil {
		return code, target, false, err
	}
	if n.Count >= codeGuesses {
		return code, target, false, TooMany("Too many wrong receiving codes", n.Expires.Sub(tx.Now()))
	}
	code, known, err := tx.ReceivingCodeByHash(ctx, identity.HashReceivingCode(typed))
	if err != nil {
		return code, target, false, err
	}
	// Both Workspaces are read whether there is a code or not.
	places, err := tx.KeptWorkspaces(ctx, fleet.Once([]fleet.WorkspaceID{caller.Workspace, code.Workspace}))
	if err != nil {
		return code, target, false, err
	}
	target = places[code.Workspace]
	if known && code.Admits(caller.Workspace, tx.Now()) && target.ID != 0 && target.Status == fleet.WorkspaceEnabled && target.Type == fleet.Enterprise {
		return code, target, true, nil
	}
	_, err = wrong.Add(ctx, tx, codePeriod)
	return code, target, false, err
}
