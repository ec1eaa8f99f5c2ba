package httpapi

import (
	"strconv"
	"strings"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// Closed lists of second factors, by id.
var (
	mfaStatuses = []wire.Ref{{ID: 0, Description: "Activation Pending"}, {ID: 1, Description: "Active"}}
	mfaTypes    = []wire.Ref{{ID: 0, Description: "Time-Based One-Time Password"}}
)

func (a *api) changePassword(r *request) (response, error) {
	var body wire.PasswordChange
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	old, err := requiredText("old_password", body.OldPassword)
	if err != nil {
		return response{}, err
	}
	next, err := requiredText("new_password", body.NewPassword)
	if err != nil {
		return response{}, err
	}
	return done(a.control.ChangePassword(r.Context(), r.who, old, next, r.from))
}

func (a *api) addMFA(r *request) (response, error) {
	var body wire.MFARequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	if err := wantID("type", body.Type, 0); err != nil {
		return response{}, err
	}
	password, err := requiredText("password", body.Password)
	if err != nil {
		return response{}, err
	}
	made, err := a.control.AddSecondFactor(r.Context(), r.who, password, r.from)
	if err != nil {
		return response{}, err
	}
	return ok(wire.NewMFAKey{MFAKey: mfaKey(made.SecondFactor), SecretKey: made.Text, OTPAuth: made.URL})
}

func (a *api) activateMFA(r *request) (response, error) {
	id, err := r.id("key_id")
	if err != nil {
		return response{}, err
	}
	var body wire.MFAActivation
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	if err := wantID("status", body.Status, 1); err != nil {
		return response{}, err
	}
	code, err := requiredText("code", body.Code)
	if err != nil {
		return response{}, err
	}
	return done(a.control.ActivateSecondFactor(r.Context(), r.who, id, code, r.from))
}

// wantID reads a reference for which only one id is valid.
func wantID(field string, ref wire.Optional[wire.IDRef], want int64) error {
	id, err := requiredID(field, ref)
	if err == nil && id != want {
		err = fleet.Invalid(field+".id", "it must be %d", want)
	}
	return err
}

func (a *api) listMFA(r *request) (response, error) {
	who, err := r.person()
	if err != nil {
		return response{}, err
	}
	list, err := a.control.SecondFactors(r.Context(), r.who, who)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.MFAKey, len(list))
	for i, f := range list {
		out[i] = mfaKey(f)
	}
	return ok(out)
}

func (a *api) removeMFA(r *request) (response, error) {
	who, id, err := r.personAnd("key_id")
	if err != nil {
		return response{}, err
	}
	return done(a.control.RemoveSecondFactor(r.Context(), r.who, who, id))
}

func (a *api) listTrustedDevices(r *request) (response, error) {
	who, err := r.person()
	if err != nil {
		return response{}, err
	}
	return a.trustedDevices(r, who)
}

// listOwnTrustedDevices is listTrustedDevices for the caller, under a path without user_id.
func (a *api) listOwnTrustedDevices(r *request) (response, error) { return a.trustedDevices(r, "my") }

func (a *api) trustedDevices(r *request, who string) (response, error) {
	list, err := a.control.TrustedDevices(r.Context(), r.who, who)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.TrustedDevice, len(list))
	for i, d := range list {
		out[i] = wire.TrustedDevice{
			ID: d.ID, Name: d.Name, OperatingSystem: d.OperatingSystem, Browser: d.Browser,
			CreationDate: wire.NewTime(d.Created), ActivationDate: wire.NewTime(d.Created), ExpiryDate: wire.NewTime(d.Expires),
		}
	}
	return ok(out)
}

func (a *api) removeTrustedDevice(r *request) (response, error) {
	who, id, err := r.personAnd("device_id")
	if err != nil {
		return response{}, err
	}
	return done(a.control.RemoveTrustedDevice(r.Context(), r.who, who, id))
}

// person reads a user_id: an id, an e-mail address, or "my".
func (r *request) person() (string, error) {
	ref := r.PathValue("user_id")
	if ref == "my" || strings.Contains(ref, "@") {
		return ref, nil
	}
	id, err := r.id("user_id")
	if err != nil {
		err = fleet.Invalid("user_id", "it must be the id of a user, an e-mail address, or \"my\"")
	}
	return strconv.FormatInt(id, 10), err
}

func (r *request) personAnd(name string) (who string, id int64, err error) {
	if who, err = r.person(); err == nil {
		id, err = r.id(name)
	}
	return who, id, err
}

func mfaKey(f control.SecondFactor) wire.MFAKey {
	status := mfaStatuses[0]
	if f.Active {
		status = mfaStatuses[1]
	}
	return wire.MFAKey{ID: f.ID, Status: status, Type: mfaTypes[0], CreationDate: wire.NewTime(f.Created)}
}
