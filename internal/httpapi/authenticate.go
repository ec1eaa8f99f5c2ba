package httpapi

import (
	"strings"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// authenticate signs in. Which properties the body has decides how.
func (a *api) authenticate(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	var body wire.AuthRequest
	if err := r.Decode(&body); err != nil {
		return response{}, err
	}
	if modeOf(body) == "device_code" {
		return a.signInTerminal(r, *body.DeviceCode)
	}
	tokens, err := a.signIn(r, body)
	if err != nil {
		return response{}, err
	}
	return httpx.OK(wire.AuthResponse{
		AuthToken: tokens.Bearer, RefreshToken: tokens.Refresh, MFAToken: tokens.Pending, MFAEnrolment: tokens.Enrol,
	})
}

// signInTerminal answers one poll of a command line that signs in through the console (RFC 8628):
// it returns the tokens, or that the user has not decided yet.
func (a *api) signInTerminal(r *request, secret string) (response, error) {
	tokens, pending, err := a.control.SignInTerminal(r.Context(), secret, r.origin())
	if err != nil {
		return response{}, err
	}
	return httpx.OK(wire.AuthResponse{
		AuthToken: tokens.Bearer, RefreshToken: tokens.Refresh, MFAEnrolment: tokens.Enrol, AuthorizationPending: pending,
	})
}

// startTerminal begins such a sign-in (RFC 8628). The body is empty.
func (a *api) startTerminal(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	if err := r.DecodeOptional(&struct{}{}); err != nil {
		return response{}, err
	}
	s, err := a.control.StartTerminal(r.Context(), r.origin())
	if err != nil {
		return response{}, err
	}
	return httpx.OK(wire.DeviceAuthorization{
		DeviceCode: s.Secret, UserCode: s.UserCode, VerificationURI: s.Page,
		ExpiresIn: int(s.Lasts.Seconds()), Interval: int(control.TerminalInterval.Seconds()),
	})
}

func (a *api) signIn(r *request, b wire.AuthRequest) (control.Tokens, error) {
	switch modeOf(b) {
	case "application_token":
		return a.control.SignInApplication(r.Context(), *b.ApplicationToken, r.origin())
	case "username,password", "username,password,fingerprint":
		sent := control.Credentials{Username: *b.Username, Password: *b.Password, Fingerprint: httpx.Text(b.Fingerprint)}
		return a.control.SignIn(r.Context(), sent, r.origin())
	case "mfa_token,code", "mfa_token,code,trusted_device":
		return a.control.SignInCode(r.Context(), control.CodeProof{
			Pending: *b.MFAToken, Code: *b.Code, Device: deviceToTrust(b.TrustedDevice),
		}, r.origin())
	case "refresh_token":
		return a.control.Refresh(r.Context(), *b.RefreshToken, r.origin())
	}
	return control.Tokens{}, fleet.Errorf(fleet.BadRequest,
		"Send either application_token, or username and password, or mfa_token and code, or refresh_token, or device_code")
}

// modeOf names the properties that are present.
func modeOf(b wire.AuthRequest) string {
	var there []string
	for _, p := range []struct {
		name  string
		given bool
	}{
		{"application_token", b.ApplicationToken != nil}, {"username", b.Username != nil}, {"password", b.Password != nil},
		{"fingerprint", b.Fingerprint != nil}, {"mfa_token", b.MFAToken != nil}, {"code", b.Code != nil},
		{"trusted_device", httpx.Given(b.TrustedDevice)}, {"refresh_token", b.RefreshToken != nil},
		{"device_code", b.DeviceCode != nil},
	} {
		if p.given {
			there = append(there, p.name)
		}
	}
	return strings.Join(there, ",")
}

func deviceToTrust(o wire.Optional[wire.DeviceToTrust]) *control.DeviceToTrust {
	d, ok := o.Get()
	if !ok {
		return nil
	}
	return &control.DeviceToTrust{Fingerprint: d.Fingerprint, Name: d.Name, OperatingSystem: d.OperatingSystem, Browser: d.Browser}
}

func switchTarget(r *request) (fleet.WorkspaceID, error) {
	var body wire.SwitchRequest
	if err := r.Decode(&body); err != nil {
		return 0, err
	}
	target, err := httpx.RequiredID("target_organisation", body.TargetOrganisation)
	return fleet.WorkspaceID(target), err
}

func switchedBody(tokens control.Tokens) wire.AuthResponse {
	return wire.AuthResponse{AuthToken: tokens.Bearer}
}

// logoutScope reports whether all sessions end. Without a body only the current one ends.
func logoutScope(r *request) (everywhere bool, err error) {
	var body wire.LogoutRequest
	err = r.DecodeOptional(&body)
	return body.Everywhere, err
}
