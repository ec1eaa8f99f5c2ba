package httpapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

func (a *operatorAPI) listUsers(r *operatorRequest) (response, error) {
	l, err := r.list(fleet.OperatorUserList)
	if err != nil {
		return response{}, err
	}
	page, err := r.rules.UserPage(r.Context(), l)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.OperatorUser, len(page.Items))
	for i, u := range page.Items {
		out[i] = operatorUser(u)
	}
	return paged(&r.request, l, page, func(x operator.UserListing) int64 { return int64(x.ID) }, out)
}

func (a *operatorAPI) getUser(r *operatorRequest) (response, error) {
	u, err := r.rules.User(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return response{}, err
	}
	return ok(operatorUser(u))
}

func (a *operatorAPI) createUser(r *operatorRequest) (response, error) {
	var body wire.OperatorNewUser
	if err := decode(&r.request, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("operator.user.create", body)
	if err != nil {
		return response{}, err
	}
	n, err := newUser(body)
	if err != nil {
		return response{}, err
	}
	reply, err := r.rules.Once(r.Context(), once, func(o operator.Operator) (control.Reply, error) {
		u, err := o.CreateUser(r.Context(), n)
		res := encoded(http.StatusCreated, operatorUser(u))
		return control.Reply{Status: res.status, Body: res.body, Location: "/operator/v1/user/" + strconv.FormatInt(int64(u.ID), 10)}, err
	})
	return replied(reply), err
}

func newUser(body wire.OperatorNewUser) (n operator.NewUser, err error) {
	n = operator.NewUser{Name: text(body.Name), SuperAdmin: body.SuperAdmin, NoPassword: true, Roles: make(map[fleet.WorkspaceID]fleet.Role)}
	if n.Username, err = requiredText("username", body.Username); err != nil {
		return n, err
	}
	if given(body.DefaultWorkspace) {
		if n.DefaultWorkspace, err = workspaceID("default_workspace", body.DefaultWorkspace); err != nil {
			return n, err
		}
	}
	for i, w := range body.Workspaces {
		field := fmt.Sprintf("workspaces[%d]", i)
		id, err := workspaceID(field, wire.Some(wire.IDRef{ID: w.ID}))
		if err != nil {
			return n, err
		}
		if n.Roles[id] != 0 {
			return n, fleet.Invalid(field+".id", "Workspace %d is named twice: a user has one role in each", id)
		}
		role, err := listedID[fleet.Role](field+".role", w.Role)
		switch {
		case err != nil:
			return n, err
		case role < fleet.Administrator || role > fleet.Observer:
			return n, fleet.Invalid(field+".role.id", "it must be 1 (Administrator), 2 (User) or 3 (Observer)")
		}
		n.Roles[id] = role
	}
	return n, nil
}

func (a *operatorAPI) changeUser(r *operatorRequest) (response, error) {
	ref := r.PathValue("user_id")
	var body wire.OperatorUserPatch
	if err := decode(&r.request, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("operator.user.patch", struct {
		User string
		Body wire.OperatorUserPatch
	}{ref, body})
	if err != nil {
		return response{}, err
	}
	patch, err := userPatch(body)
	if err != nil {
		return response{}, err
	}
	reply, err := r.rules.Once(r.Context(), once, func(o operator.Operator) (control.Reply, error) {
		u, err := o.ChangeUser(r.Context(), ref, patch)
		res := encoded(http.StatusOK, operatorUser(u))
		return control.Reply{Status: res.status, Body: res.body}, err
	})
	return replied(reply), err
}

func userPatch(body wire.OperatorUserPatch) (p operator.UserPatch, err error) {
	p.Name = body.Name
	if body.Status.Set {
		s, err := listedID[fleet.UserStatus]("status", body.Status)
		if err != nil {
			return p, err
		}
		p.Status = &s
	}
	if body.SuperAdmin.Set {
		if body.SuperAdmin.Null {
			return p, fleet.Invalid("superadmin", "it must be true or false")
		}
		p.SuperAdmin = &body.SuperAdmin.Value
	}
	if body.DefaultWorkspace.Set {
		w, err := workspaceID("default_workspace", body.DefaultWorkspace)
		if err != nil {
			return p, err
		}
		p.DefaultWorkspace = &w
	}
	return p, nil
}

// setPassword takes no idempotency key, because nothing about a password may be stored. The
// operation is idempotent.
func (a *operatorAPI) setPassword(r *operatorRequest) (response, error) {
	var body wire.OperatorNewPassword
	if err := decode(&r.request, &body); err != nil {
		return response{}, err
	}
	password, err := requiredText("password", body.Password)
	if err != nil {
		return response{}, err
	}
	return done(r.rules.SetPassword(r.Context(), r.PathValue("user_id"), password))
}

// unlockUser is idempotent, so it takes no idempotency key.
func (a *operatorAPI) unlockUser(r *operatorRequest) (response, error) {
	var body wire.OperatorUnlock
	if err := decodeIfAny(&r.request, &body); err != nil {
		return response{}, err
	}
	var from netip.Addr
	if body.Address != nil {
		var err error
		if from, err = netip.ParseAddr(*body.Address); err != nil {
			return response{}, fleet.Invalid("address", "it is not an IP address, such as 203.0.113.7")
		}
	}
	return done(r.rules.UnlockUser(r.Context(), r.PathValue("user_id"), from))
}

func (a *operatorAPI) resetSecondFactor(r *operatorRequest) (response, error) {
	return done(r.rules.ResetSecondFactor(r.Context(), r.PathValue("user_id")))
}

// setRole is idempotent, so it takes no idempotency key.
func (a *operatorAPI) setRole(r *operatorRequest) (response, error) {
	ws, err := r.id("workspace_id")
	if err != nil {
		return response{}, err
	}
	var body wire.OperatorNewRole
	if err := decode(&r.request, &body); err != nil {
		return response{}, err
	}
	role, err := listedID[fleet.Role]("role", body.Role)
	if err != nil {
		return response{}, err
	}
	status := fleet.UserActive
	if given(body.Status) {
		if status, err = listedID[fleet.UserStatus]("status", body.Status); err != nil {
			return response{}, err
		}
	}
	u, err := r.rules.SetRole(r.Context(), r.PathValue("user_id"), fleet.WorkspaceID(ws), role, status)
	if err != nil {
		return response{}, err
	}
	return ok(operatorUser(u))
}

func (a *operatorAPI) removeRole(r *operatorRequest) (response, error) {
	ws, err := r.id("workspace_id")
	if err != nil {
		return response{}, err
	}
	return done(r.rules.RemoveRole(r.Context(), r.PathValue("user_id"), fleet.WorkspaceID(ws)))
}

func operatorUser(u operator.UserListing) wire.OperatorUser {
	out := wire.OperatorUser{
		ID: int64(u.ID), Username: u.Username, Name: u.Name, Status: userStatusRef(u.Status), SuperAdmin: u.SuperAdmin,
		Workspaces: make([]wire.OperatorUserStands, len(u.Memberships)), Created: wire.NewTime(u.Created),
	}
	if u.DefaultWorkspace != 0 {
		out.DefaultWorkspace = &wire.IDOnly{ID: int64(u.DefaultWorkspace)}
	}
	for i, m := range u.Memberships {
		out.Workspaces[i] = wire.OperatorUserStands{
			ID: int64(m.Workspace.ID), Name: m.Workspace.Name, Status: userStatusRef(m.Status), Role: roleRefs(fleet.Best(m.Roles))[0],
		}
	}
	return out
}
