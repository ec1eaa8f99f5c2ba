package httpapi

import (
	"errors"
	"fmt"
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// inviteUser serves an invitation. Its older form responds with the user's location. The path
// distinguishes their idempotency keys.
func inviteUser(path string, reply func(control.Invited) control.Reply) handler {
	return writeOnce("user.invite "+path, newInvitation, (*control.Control).Invite, reply)
}

func newInvitation(r *request) (n control.Invitation, canonical any, err error) {
	var body wire.InvitationRequest
	if err := r.Decode(&body); err != nil {
		return n, nil, err
	}
	n, err = invitation(body)
	return n, body, err
}

func invited(i control.Invited) control.Reply {
	return jsonReply(http.StatusCreated, wire.InvitationResponse{
		ID: int64(i.User), Username: i.Username, Name: i.Name, Organisation: wire.RefTo(int64(i.Workspace)), Roles: roleRefs(i.Roles...), ActivationKey: i.Key,
	})
}

func invitedAt(i control.Invited) control.Reply {
	reply := invited(i)
	reply.Location = fmt.Sprintf("/api/v1/user/%d", i.User)
	return reply
}

func invitation(body wire.InvitationRequest) (n control.Invitation, err error) {
	if n.Username, err = httpx.RequiredText("username", body.Username); err != nil {
		return n, err
	}
	n.Name = httpx.Text(body.Name)
	if body.Name != nil && n.Name == "" {
		return n, fleet.Invalid("name", "it is empty: omit it to use the address")
	}
	if body.Organisation.Set {
		id, err := httpx.RequiredID("organisation", body.Organisation)
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
	if err := r.Decode(&body); err != nil {
		return response{}, err
	}
	key, err := httpx.RequiredText("activationKey", body.ActivationKey)
	if err != nil {
		return response{}, err
	}
	return response{Status: http.StatusNoContent}, a.control.Activate(r.Context(), control.Activation{Key: key, Password: httpx.Text(body.Password), Name: body.Name}, r.origin())
}

// activateUserV1 handles the older form of activateUser: it refuses an invalid key or password with
// 400.
func (a *api) activateUserV1(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	var body wire.ActivationRequestV1
	if err := r.Decode(&body); err != nil {
		return response{}, err
	}
	key, err := httpx.RequiredText("activationKey", body.ActivationKey)
	if err != nil {
		return response{}, err
	}
	err = a.control.Activate(r.Context(), control.Activation{Key: key, Password: httpx.Text(body.Password)}, r.origin())
	var refusal *fleet.Error
	if errors.As(err, &refusal) && (refusal.Code == fleet.Forbidden || refusal.Code == fleet.ValidationFailed) {
		err = &fleet.Error{Code: fleet.BadRequest, Message: refusal.Message, Err: err}
	}
	return response{Status: http.StatusNoContent}, err
}

func (a *api) resetPassword(r *request) (response, error) {
	if err := a.control.CountAttempt(r.Context(), r.origin()); err != nil {
		return response{}, err
	}
	var body wire.PasswordResetRequest
	if err := r.Decode(&body); err != nil {
		return response{}, err
	}
	username, err := httpx.RequiredText("username", body.Username)
	if err != nil {
		return response{}, err
	}
	return response{Status: http.StatusNoContent}, a.control.AskReset(r.Context(), username, r.origin())
}
