package httpapi

import (
	"errors"
	"fmt"
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) inviteUser(r *request) (response, error) {
	return a.invite(r, func(control.Invited) string { return "" })
}

// createUser is the older form of an invitation. It responds with the user's location.
func (a *api) createUser(r *request) (response, error) {
	return a.invite(r, func(i control.Invited) string { return fmt.Sprintf("/api/v1/user/%d", i.User) })
}

func (a *api) invite(r *request, location func(control.Invited) string) (response, error) {
	var body wire.InvitationRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	n, err := invitation(body)
	if err != nil {
		return response{}, err
	}
	o, err := r.once("user.invite "+r.URL.Path, body)
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.Invite(r.Context(), r.who, n, o, func(i control.Invited) (reply, again control.Reply) {
		reply = control.Reply{Status: http.StatusCreated, Location: location(i), Body: encoded(http.StatusCreated, wire.InvitationResponse{
			ID: int64(i.User), Username: i.Username, Name: i.Name, Organisation: wire.RefTo(int64(i.Workspace)), Roles: roleRefs(i.Roles...), ActivationKey: i.Key,
		}).body}
		if i.Key == "" {
			return reply, reply
		}
		return reply, stored(fleet.Errorf(fleet.Duplicated, "The invitation was already created with this Idempotency-Key; its activation key was shown then and is not stored"))
	})
	return replied(reply, replayed), err
}

func invitation(body wire.InvitationRequest) (n control.Invitation, err error) {
	if n.Username, err = requiredText("username", body.Username); err != nil {
		return n, err
	}
	n.Name = text(body.Name)
	if body.Name != nil && n.Name == "" {
		return n, fleet.Invalid("name", "it is empty: omit it to use the address")
	}
	if body.Organisation.Set {
		id, err := requiredID("organisation", body.Organisation)
		if err != nil {
			return n, err
		}
		if id <= 0 {
			id = nothing
		}
		n.Workspace = fleet.WorkspaceID(id)
	}
	n.Roles, err = invitedRoles(body.Roles)
	return n, err
}

func invitedRoles(refs wire.Optional[[]wire.IDRef]) ([]fleet.Role, error) {
	list, given := refs.Get()
	if !given {
		return nil, nil
	}
	roles := make([]fleet.Role, len(list))
	for i, ref := range list {
		switch {
		case ref.ID == nil:
			return nil, fleet.Invalid("roles"+item(i, "id"), "it is required")
		case *ref.ID <= 0 || *ref.ID > wire.ID(fleet.SuperAdmin):
			return nil, fleet.Invalid("roles"+item(i, "id"), "there is no role %d: GET /api/v1/user/role lists them", *ref.ID)
		}
		roles[i] = fleet.Role(*ref.ID)
	}
	if len(roles) == 0 {
		return nil, fleet.Invalid("roles", "it is empty: omit it to make the user an Observer")
	}
	return roles, nil
}

// activateUser counts against the sign-in limit of the address.
func (a *api) activateUser(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	var body wire.ActivationRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	key, err := requiredText("activationKey", body.ActivationKey)
	if err != nil {
		return response{}, err
	}
	return done(a.control.Activate(r.Context(), control.Activation{Key: key, Password: text(body.Password), Name: body.Name}, r.origin()))
}

// activateUserV1 is the older form of activateUser: it refuses an invalid key or password with
// 400.
func (a *api) activateUserV1(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	var body wire.ActivationRequestV1
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	key, err := requiredText("activationKey", body.ActivationKey)
	if err != nil {
		return response{}, err
	}
	err = a.control.Activate(r.Context(), control.Activation{Key: key, Password: text(body.Password)}, r.origin())
	var refusal *fleet.Error
	if errors.As(err, &refusal) && (refusal.Code == fleet.Forbidden || refusal.Code == fleet.ValidationFailed) {
		err = &fleet.Error{Code: fleet.BadRequest, Message: refusal.Message, Err: err}
	}
	return done(err)
}

func (a *api) resetPassword(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	var body wire.PasswordResetRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	username, err := requiredText("username", body.Username)
	if err != nil {
		return response{}, err
	}
	return done(a.control.AskReset(r.Context(), username, r.origin()))
}
