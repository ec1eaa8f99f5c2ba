package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// FactorDemand says which users must have a second factor. Such a user without one can only add
// one, also with an older bearer.
type FactorDemand string

// Values of FactorDemand.
const (
	DemandNone           FactorDemand = ""
	DemandAdministrators FactorDemand = "administrators" // of any Workspace
	DemandEverybody      FactorDemand = "everybody"
)

// missing reports whether the user must add a second factor first.
func (d FactorDemand) missing(s store.Session) bool {
	return !s.Factor && (d == DemandEverybody || d == DemandAdministrators && s.Administer)
}

// SecondFactor is a user's second factor.
type SecondFactor = store.SecondFactor

// NewSecondFactor is a factor that is not activated yet, with its secret, which is shown only
// once.
type NewSecondFactor struct {
	SecondFactor
	identity.TOTP
}

// AddSecondFactor makes a second factor for the caller, and replaces one that was never
// activated. It requires the password again, because a bearer may have been stolen.
//
// Permission: WriteOwn. Errors: Failed for a wrong password, which counts as a guess;
// TooManyRequests; Duplicated if there is an active one.
func (c *Control) AddSecondFactor(ctx context.Context, caller identity.Principal, password string) (NewSecondFactor, error) {
	if err := caller.Require(identity.WriteOwn); err != nil {
		return NewSecondFactor{}, err
	}
	g := guessBy(caller, caller.Origin.Address)
	if _, err := c.confirmPassword(ctx, caller, g, "password", password); err != nil {
		return NewSecondFactor{}, err
	}
	made, err := identity.NewTOTP(caller.Username)
	if err != nil {
		return NewSecondFactor{}, err
	}
	n := NewSecondFactor{TOTP: made}
	err = c.write(ctx, caller, identity.WriteOwn, nil, func(tx *store.Tx, caller identity.Principal) error {
		if err := succeeded(ctx, tx, g, 1); err != nil {
			return err
		}
		if f, _, err := tx.SecondFactor(ctx, caller.User); err != nil || f.Active {
			return firstError(err, factorActive())
		}
		id, err := tx.InsertSecondFactor(ctx, caller.User, made.Secret)
		if err != nil {
			return err
		}
		n.SecondFactor = SecondFactor{ID: id, User: caller.User, Created: tx.Now()}
		return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditFactorAdded, Subject: fleet.Subject("second_factor", id)})
	})
	return n, err
}

// FactorCode is the first code of a new factor.
type FactorCode struct {
	ID   int64 // of the factor
	Code string
}

// ActivateSecondFactor activates the caller's factor with its first code. From then on a
// sign-in needs a code. It writes event 14 in the caller's Workspace.
//
// Permission: WriteOwn. Errors: NotFound; Duplicated if it is active already; Failed for a
// wrong code, which counts as a guess; TooManyRequests.
func (c *Control) ActivateSecondFactor(ctx context.Context, caller identity.Principal, f FactorCode) error {
	id, code := f.ID, f.Code
	if err := caller.Require(identity.WriteOwn); err != nil {
		return err
	}
	if err := checkCode(code); err != nil {
		return err
	}
	g := guessBy(caller, caller.Origin.Address)
	inactive := func(tx *store.Tx) error { return inactiveFactor(ctx, tx, caller.User, id) }
	g, err := c.mayConfirm(ctx, caller, g, inactive)
	if err != nil {
		return err
	}
	right := false
	err = c.write(ctx, caller, identity.WriteOwn, nil, func(tx *store.Tx, caller identity.Principal) error {
		f, found, err := tx.SecondFactor(ctx, caller.User)
		if err != nil || !found || f.ID != id || f.Active {
			return firstError(err, fleet.Missing("mfa key", id)) // removed since it was read
		}
		if right, err = useCode(ctx, tx, f, code); err != nil || !right {
			return err
		}
		if err := succeeded(ctx, tx, g, 1); err != nil {
			return err
		}
		if err := audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditFactorActivated, Subject: fleet.Subject("second_factor", id)}); err != nil {
			return err
		}
		return tx.InsertEvent(ctx, factorEvent(caller, fleet.Info, "Second factor of user "+caller.Username+" activated"))
	})
	if err == nil && !right {
		err = c.failed(ctx, g, wrong("code", "it is not the current code"))
	}
	return err
}

// inactiveFactor requires a factor to activate, before a code is counted as a guess.
func inactiveFactor(ctx context.Context, tx *store.Tx, user fleet.UserID, id int64) error {
	f, _, err := tx.SecondFactor(ctx, user)
	switch {
	case err != nil:
		return err
	case f.ID != id || id == 0:
		return fleet.Missing("mfa key", id)
	case f.Active:
		return factorActive()
	}
	return nil
}

// SecondFactors lists the factor of the caller, or of a user all of whose Workspaces the caller
// administers.
//
// Permission: WriteOwn for oneself, else ManageUsers; see person. Errors: NotFound.
func (c *Control) SecondFactors(ctx context.Context, caller identity.Principal, ref string) (list []SecondFactor, err error) {
	err = c.readPerson(ctx, caller, ref, func(tx *store.Tx, user store.UserRecord) error {
		f, found, err := tx.SecondFactor(ctx, user.ID)
		list = nil
		if found {
			f.Secret = nil
			list = []SecondFactor{f}
		}
		return err
	})
	return list, err
}

// RemoveSecondFactor removes a user's second factor and trusted devices. It writes event 14 in
// the caller's Workspace.
//
// Permission: WriteOwn for oneself, else ManageUsers; see person. Errors: NotFound.
func (c *Control) RemoveSecondFactor(ctx context.Context, caller identity.Principal, of OfPerson) error {
	return c.writePerson(ctx, caller, of.User, func(tx *store.Tx, caller identity.Principal, user store.UserRecord) error {
		found, err := tx.DeleteSecondFactor(ctx, user.ID, of.ID)
		if err != nil || !found {
			return firstError(err, fleet.Missing("mfa key", of.ID))
		}
		entry := fleet.AuditEntry{Action: fleet.AuditFactorRemoved, Subject: fleet.Subject("user", user.ID)}
		if err := audit(ctx, tx, caller, entry); err != nil {
			return err
		}
		return tx.InsertEvent(ctx, factorEvent(caller, fleet.Warn, "Second factor of user "+user.Username+" removed"))
	})
}

func factorEvent(caller identity.Principal, s fleet.Severity, words string) fleet.Event {
	return fleet.Event{Type: fleet.EventSecondFactor, Severity: s, Workspace: caller.Workspace, User: caller.User, Description: words}
}

func factorActive() error {
	return fleet.Errorf(fleet.Duplicated, "The second factor is already active; remove it before you add another")
}

// useCode verifies a code and marks it as used.
func useCode(ctx context.Context, tx *store.Tx, f SecondFactor, code string) (bool, error) {
	step, ok, err := identity.TOTPStep(f.Secret, code, tx.Now())
	if err != nil || !ok {
		return false, err
	}
	return tx.UseCode(ctx, f.ID, step)
}

// checkCode checks the format of a code.
func checkCode(code string) error {
	if len(code) == 6 && digitsOnly(code) {
		return nil
	}
	return fleet.Invalid("code", "must be the six digits from the authenticator app, as a string")
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func firstError(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
