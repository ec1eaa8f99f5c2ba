package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// authenticate chooses the mode by the strings that are there.
func (a *api) authenticate(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.from); err != nil {
		return response{}, err
	}
	var body wire.AuthRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	tokens, err := a.signIn(r, body)
	if err != nil {
		return response{}, err
	}
	return ok(wire.AuthResponse{AuthToken: tokens.Bearer, RefreshToken: tokens.Refresh})
}

func (a *api) signIn(r *request, b wire.AuthRequest) (control.Tokens, error) {
	application, user := b.ApplicationToken != nil, b.Username != nil && b.Password != nil
	half := (b.Username != nil) != (b.Password != nil)
	refresh := b.RefreshToken != nil
	switch {
	case half || b.Fingerprint != nil && !user:
	case application && !user && !refresh:
		return a.control.SignInApplication(r.Context(), *b.ApplicationToken, r.from)
	case user && !application && !refresh:
		return a.control.SignIn(r.Context(), *b.Username, *b.Password, r.from)
	case refresh && !application && !user:
		return a.control.Refresh(r.Context(), *b.RefreshToken)
	}
	return control.Tokens{}, fleet.Errorf(fleet.BadRequest,
		"Send either application_token, or username and password, or refresh_token")
}

func (a *api) switchWorkspace(r *request) (response, error) {
	var body wire.SwitchRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	target, err := requiredID("target_organisation", body.TargetOrganisation)
	if err != nil {
		return response{}, err
	}
	tokens, err := a.control.SwitchWorkspace(r.Context(), r.who, fleet.WorkspaceID(target))
	if err != nil {
		return response{}, err
	}
	return ok(wire.AuthResponse{AuthToken: tokens.Bearer})
}

// logout takes no body as "this session only".
func (a *api) logout(r *request) (response, error) {
	var body wire.LogoutRequest
	if err := decodeIfAny(r, &body); err != nil {
		return response{}, err
	}
	return done(a.control.Logout(r.Context(), r.who, body.Everywhere))
}

// requiredID reads the id of a reference that must be there.
func requiredID(field string, ref wire.Optional[wire.IDRef]) (int64, error) {
	v, ok := ref.Get()
	if !ok {
		return 0, fleet.Invalid(field, "it is required, as in {\"id\": 100}")
	}
	if v.ID == nil {
		return 0, fleet.Invalid(field+".id", "it is required")
	}
	return int64(*v.ID), nil
}
