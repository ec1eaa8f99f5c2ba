package httpapi

import (
	"strconv"
	"strings"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// Closed lists of second factors, by id.
var (
	mfaStatuses = []wire.Ref{{ID: 0, Description: "Activation Pending"}, {ID: 1, Description: "Active"}}
	mfaTypes    = []wire.Ref{{ID: 0, Description: "Time-Based One-Time Password"}}
)

func passwordChange(r *request) (p control.PasswordChange, err error) {
	var body wire.PasswordChange
	if err := r.Decode(&body); err != nil {
		return p, err
	}
	if p.Old, err = httpx.RequiredText("old_password", body.OldPassword); err != nil {
		return p, err
	}
	p.New, err = httpx.RequiredText("new_password", body.NewPassword)
	return p, err
}

func newFactor(r *request) (password string, err error) {
	var body wire.MFARequest
	if err := r.Decode(&body); err != nil {
		return "", err
	}
	if err := wantID("type", body.Type, 0); err != nil {
		return "", err
	}
	return httpx.RequiredText("password", body.Password)
}

func newFactorBody(made control.NewSecondFactor) wire.NewMFAKey {
	return wire.NewMFAKey{MFAKey: mfaKey(made.SecondFactor), SecretKey: made.Text, OTPAuth: made.URL}
}

func factorCode(r *request) (f control.FactorCode, err error) {
	if f.ID, err = r.PathID("key_id"); err != nil {
		return f, err
	}
	var body wire.MFAActivation
	if err := r.Decode(&body); err != nil {
		return f, err
	}
	if err := wantID("status", body.Status, 1); err != nil {
		return f, err
	}
	f.Code, err = httpx.RequiredText("code", body.Code)
	return f, err
}

// wantID reads a reference for which only one id is valid.
func wantID(field string, ref wire.Optional[wire.IDRef], want int64) error {
	id, err := httpx.RequiredID(field, ref)
	if err == nil && id != want {
		err = fleet.Invalid(field+".id", "it must be %d", want)
	}
	return err
}

func mfaKeys(list []control.SecondFactor) []wire.MFAKey { return each(list, mfaKey) }

func trustedDevices(list []control.TrustedDevice) []wire.TrustedDevice {
	return each(list, func(d control.TrustedDevice) wire.TrustedDevice {
		return wire.TrustedDevice{
			ID: d.ID, Name: d.Name, OperatingSystem: d.OperatingSystem, Browser: d.Browser,
			CreationDate: wire.NewTime(d.Created), ActivationDate: wire.NewTime(d.Created), ExpiryDate: wire.NewTime(d.Expires),
		}
	})
}

// oneself is the caller, for paths without user_id.
func oneself(*request) (string, error) { return "my", nil }

// person reads a user_id: an id, an e-mail address, or "my".
func (r *request) person() (string, error) {
	ref := r.PathValue("user_id")
	if ref == "my" || strings.Contains(ref, "@") {
		return ref, nil
	}
	id, err := r.PathID("user_id")
	if err != nil {
		err = fleet.Invalid("user_id", "it must be the id of a user, an e-mail address, or \"my\"")
	}
	return strconv.FormatInt(id, 10), err
}

// ofPerson reads a user_id and the id of something that belongs to the user.
func ofPerson(name string) func(*request) (control.OfPerson, error) {
	return func(r *request) (of control.OfPerson, err error) {
		if of.User, err = r.person(); err == nil {
			of.ID, err = r.PathID(name)
		}
		return of, err
	}
}

func mfaKey(f control.SecondFactor) wire.MFAKey {
	status := mfaStatuses[0]
	if f.Active {
		status = mfaStatuses[1]
	}
	return wire.MFAKey{ID: f.ID, Status: status, Type: mfaTypes[0], CreationDate: wire.NewTime(f.Created)}
}
