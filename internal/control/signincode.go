package control

import (
	"context"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	codeWithin = 5 * time.Minute     // after the password
	trustFor   = 90 * 24 * time.Hour // of a device
)

// DeviceToTrust is a device on which a user will not be asked for a code.
type DeviceToTrust struct {
	Fingerprint     string // sent by the client with later sign-ins; only its hash is stored
	Name            string
	OperatingSystem string
	Browser         string
}

// CodeProof is the second half of a sign-in.
type CodeProof struct {
	Pending string // from SignIn
	Code    string
	Device  *DeviceToTrust // nil for none
}

// awaitCode stores that the password was right.
func awaitCode(ctx context.Context, tx *store.Tx, user store.UserRecord) (Tokens, error) {
	secret, hash := identity.NewSecret()
	err := tx.InsertPendingSignIn(ctx, store.PendingSignIn{
		Hash: hash, User: user.ID, Epoch: user.Epoch, Expires: tx.Now().Add(codeWithin),
	})
	return Tokens{Pending: secret}, err
}

// SignInCode exchanges a code of the second factor for tokens. Each code can be used once, on
// any server. A device in the request is trusted for 90 days.
//
// Errors: BadRequest for a malformed code; BadCredentials for a wrong or used code and for a
// sign-in that is unknown, has expired or ended; LockedOut.
func (c *Control) SignInCode(ctx context.Context, proof CodeProof, from identity.Origin) (Tokens, error) {
	t, err := c.signInCode(ctx, proof, from)
	return t, c.signInRefused(ctx, from, byCode, err, pendingSignIn(proof.Pending))
}

func (c *Control) signInCode(ctx context.Context, proof CodeProof, from identity.Origin) (Tokens, error) {
	if err := checkCode(proof.Code); err != nil {
		return Tokens{}, err
	}
	if err := proof.Device.check(); err != nil {
		return Tokens{}, err
	}
	user, err := c.pendingUser(ctx, proof.Pending)
	if err != nil {
		return Tokens{}, err
	}
	g, err := c.mayTry(ctx, guessAt(user.Username, from.Address))
	if err != nil {
		return Tokens{}, err
	}
	var t Tokens
	right := false
	err = c.update(ctx, from, func(tx *store.Tx) error {
		if right, err = c.takeCode(ctx, tx, user, proof); err != nil || !right {
			return err
		}
		if err := succeeded(ctx, tx, g, 2); err != nil { // two secrets were right: the password and the code
			return err
		}
		t, err = c.openSession(ctx, tx, user, true, byCode, from)
		return err
	})
	if err == nil && !right || errors.Is(err, errNoWorkspace) {
		return Tokens{}, c.failed(ctx, g, refused())
	}
	return t, err
}

// pendingUser returns the user whose sign-in waits for a code.
func (c *Control) pendingUser(ctx context.Context, pending string) (user store.UserRecord, err error) {
	err = c.store.View(ctx, func(tx *store.Tx) error {
		p, found, err := tx.PendingSignIn(ctx, identity.HashSecret(pending))
		if err != nil || !found {
			return errorOrRefused(err)
		}
		user, found, err = tx.UserByID(ctx, p.User)
		if err != nil || !found || user.Status != fleet.UserActive || user.Epoch != p.Epoch {
			return errorOrRefused(err)
		}
		return nil
	})
	return user, err
}

// takeCode marks the code as used, ends the wait for it, and trusts the device.
func (c *Control) takeCode(ctx context.Context, tx *store.Tx, user store.UserRecord, proof CodeProof) (bool, error) {
	f, _, err := tx.SecondFactor(ctx, user.ID)
	if err != nil || !f.Active {
		return false, err
	}
	right, err := useCode(ctx, tx, f, proof.Code)
	if err != nil || !right {
		return false, err
	}
	if found, err := tx.DeletePendingSignIn(ctx, identity.HashSecret(proof.Pending)); err != nil || !found {
		return false, errorOrRefused(err) // another request has finished this sign-in
	}
	if proof.Device == nil {
		return true, nil
	}
	return true, tx.TrustDevice(ctx, store.TrustedDevice{
		User: user.ID, Fingerprint: identity.HashSecret(proof.Device.Fingerprint), Name: proof.Device.Name,
		OperatingSystem: proof.Device.OperatingSystem, Browser: proof.Device.Browser, Expires: tx.Now().Add(trustFor),
	})
}

// maxDeviceText is the longest text about a device, in bytes.
const maxDeviceText = 255

func (d *DeviceToTrust) check() error {
	if d == nil {
		return nil
	}
	if d.Fingerprint == "" {
		return fleet.Invalid("trusted_device.fingerprint", "it is required: a random text that the device sends with every sign-in")
	}
	for _, f := range []struct{ name, text string }{
		{"fingerprint", d.Fingerprint}, {"name", d.Name}, {"operating_system", d.OperatingSystem}, {"browser", d.Browser},
	} {
		field := "trusted_device." + f.name
		if len(f.text) > maxDeviceText {
			return fleet.Invalid(field, "it has more than %d bytes", maxDeviceText)
		}
		if f.text != "" {
			if err := CheckName(field, f.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// trustedDevice returns the ID of the trusted device of a sign-in, or 0.
func (c *Control) trustedDevice(ctx context.Context, username, fingerprint string) (id int64, err error) {
	if fingerprint == "" {
		return 0, nil
	}
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		d, _, err := tx.TrustedDeviceOf(ctx, username, identity.HashSecret(fingerprint))
		id = d.ID
		return err
	})
	return id, err
}
