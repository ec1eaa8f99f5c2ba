package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// operation is one row of the table of operations: its pattern and the permission that it
// requires. Public operations need no bearer.
type operation struct {
	pattern string
	need    identity.Permission
	auth    authentication
	handle  func(*api, *request) (response, error)
}

// authentication says what is known of the caller when the handler is called.
type authentication string

const (
	resolved authentication = "resolved" // the caller is authorized; the query is checked
	claims   authentication = "claims"   // only the token is verified; the handler does the rest
)

var operations = []operation{
	{"GET /healthz", identity.Public, resolved, (*api).health},
	{"GET /readyz", identity.Public, resolved, (*api).ready},
	{"GET /openapi.yaml", identity.Public, resolved, (*api).openAPI},
	{"GET /openapi.json", identity.Public, resolved, (*api).openAPIJSON},
	{"GET /.well-known/jwks.json", identity.Public, resolved, (*api).jwks},

	{"POST /api/v1/authenticate", identity.Public, resolved, (*api).authenticate},
	{"POST /api/v1/authenticate/workspace", anybody, resolved, (*api).switchWorkspace},

	{"POST /api/v1/logout", identity.WriteOwn, resolved, (*api).logout},

	{"PATCH /api/v1/user/password", identity.WriteOwn, resolved, (*api).changePassword},
	{"GET /api/v1/user/mfa/status", identity.WriteOwn, resolved, listed(mfaStatuses)},
	{"GET /api/v1/user/mfa/type", identity.WriteOwn, resolved, listed(mfaTypes)},
	{"POST /api/v1/user/mfa", identity.WriteOwn, resolved, (*api).addMFA},
	{"PATCH /api/v1/user/mfa/{key_id}", identity.WriteOwn, resolved, (*api).activateMFA},
	{"GET /api/v1/user/{user_id}/mfa", identity.WriteOwn, resolved, (*api).listMFA},
	{"DELETE /api/v1/user/{user_id}/mfa/{key_id}", identity.WriteOwn, resolved, (*api).removeMFA},
	{"GET /api/v1/user/{user_id}/mfa/trusted_device", identity.WriteOwn, resolved, (*api).listTrustedDevices},
	{"GET /api/v1/user/mfa/trusted_device", identity.WriteOwn, resolved, (*api).listOwnTrustedDevices},
	{"DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}", identity.WriteOwn, resolved, (*api).removeTrustedDevice},

	{"GET /api/v1/application_token", identity.ManageTokens, resolved, (*api).listApplicationTokens},
	{"POST /api/v1/application_token", identity.ManageTokens, resolved, (*api).makeApplicationToken},
	{"PATCH /api/v1/application_token/{token_id}", identity.ManageTokens, resolved, (*api).patchApplicationToken},

	{"GET /api/v1/sim", identity.ReadSIMs, resolved, (*api).listSIMs},
	{"GET /api/v1/sim/status", identity.ReadSIMs, resolved, listed(simStatuses)},
	{"GET /api/v1/sim/{sim_id}", identity.ReadSIMs, resolved, (*api).getSIM},
	{"PATCH /api/v1/sim/{sim_id}", identity.WriteSIMs, resolved, (*api).patchSIM},
	{"DELETE /api/v1/sim/{sim_id}", identity.WriteSIMs, resolved, (*api).deleteSIM},
	{"DELETE /api/v1/sim/multi", identity.WriteSIMs, resolved, (*api).deleteSIMs},
	{"POST /api/v1/sim/migration/workspace", identity.MigrateSIMs, claims, (*api).migrate},

	{"GET /api/v1/endpoint", identity.ReadDevices, resolved, (*api).listDevices},
	{"POST /api/v1/endpoint", identity.WriteDevices, resolved, (*api).createDevice},
	{"GET /api/v1/endpoint/status", identity.ReadDevices, resolved, listed(deviceStatuses)},
	{"GET /api/v1/endpoint/{endpoint_id}", identity.ReadDevices, resolved, (*api).getDevice},
	{"PATCH /api/v1/endpoint/{endpoint_id}", identity.WriteDevices, resolved, (*api).patchDevice},
	{"DELETE /api/v1/endpoint/{endpoint_id}", identity.WriteDevices, resolved, (*api).deleteDevice},
	{"GET /api/v1/endpoint/{endpoint_id}/event", identity.ReadEvents, resolved, (*api).listDeviceEvents},
	{"GET /api/v1/endpoint/{endpoint_id}/connectivity", identity.ReadDevices, resolved, (*api).getConnectivity},
	{"PATCH /api/v1/endpoint/{endpoint_id}/connectivity", identity.WriteDevices, resolved, (*api).resetConnectivity},
	{"POST /api/v2/endpoint/multi", identity.WriteDevices, resolved, (*api).createDevices},
	{"PATCH /api/v2/endpoint/multi", identity.WriteDevices, resolved, (*api).patchDevices},
	{"DELETE /api/v2/endpoint/multi", identity.WriteDevices, resolved, (*api).deleteDevices},
	{"GET /api/v1/service_profile", identity.ReadDevices, resolved, listProfiles(fleet.ServiceProfile)},
	{"GET /api/v1/service_profile/{profile_id}", identity.ReadDevices, resolved, getProfile(fleet.ServiceProfile, "service_profile")},
	{"GET /api/v1/tariff_profile", identity.ReadDevices, resolved, listProfiles(fleet.TariffProfile)},
	{"GET /api/v1/tariff_profile/{profile_id}", identity.ReadDevices, resolved, getProfile(fleet.TariffProfile, "tariff_profile")},
	{"GET /api/v1/sim_batch/bic/{bic}", identity.ReadSIMs, resolved, (*api).getBatch},
	{"PATCH /api/v1/sim_batch/bic/{bic}", identity.WriteSIMs, resolved, (*api).registerBatch},

	{"GET /api/v1/event", identity.ReadEvents, resolved, (*api).listEvents},
	{"GET /api/v1/event/type", identity.ReadEvents, resolved, listed(eventTypes)},
	{"GET /api/v1/sim/{sim_id}/event", identity.ReadEvents, resolved, (*api).listSIMEvents},
	{"GET /api/v1/user/{user_id}/event", identity.ReadEvents, resolved, (*api).listUserEvents},

	{"GET /api/v1/audit", identity.ReadAudit, resolved, (*api).listAudit},

	{"GET /api/v1/migration", identity.ReadMigrations, resolved, (*api).listMigrations},
	{"GET /api/v1/migration/{migration_id}", identity.ReadMigrations, resolved, (*api).getMigration},
	{"POST /api/v1/migration/{migration_id}/undo", identity.MigrateSIMs, resolved, (*api).undoMigration},

	{"GET /api/v1/country", identity.ReadWorkspace, resolved, listed(countries)},
	{"GET /api/v1/organisation/my", identity.ReadWorkspace, resolved, (*api).ownWorkspace},
	{"GET /api/v1/organisation/status", identity.ReadWorkspace, resolved, listed(workspaceStatuses)},
	{"GET /api/v1/user/role", identity.ReadUsers, resolved, listed(roles)},
	{"GET /api/v1/user/status", identity.ReadUsers, resolved, listed(userStatuses)},
	{"GET /api/v1/user", identity.ReadUsers, resolved, (*api).listUsers},
	{"POST /api/v1/user", identity.ManageMembers, resolved, (*api).createUser},
	{"POST /api/v2/user/invitation", identity.ManageMembers, resolved, (*api).inviteUser},
	{"POST /api/v2/user/activation", identity.Public, resolved, (*api).activateUser},
	{"POST /api/v1/user/activation", identity.Public, resolved, (*api).activateUserV1},
	{"POST /api/v1/user/password/reset", identity.Public, resolved, (*api).resetPassword},
	{"GET /api/v1/user/{user_id}", identity.ReadUsers, resolved, (*api).getUser},
	{"PATCH /api/v1/user/{user_id}", identity.WriteOwn, resolved, (*api).patchUser},
	{"DELETE /api/v1/user/{user_id}", identity.ManageUsers, resolved, (*api).deleteUser},
	{"GET /api/v1/user/{user_id}/role/permission", identity.ReadOwn, resolved, (*api).listPermissions},
	{"PUT /api/v1/user/{user_id}/role/{role_id}", identity.ManageUsers, resolved, changeRole(here, true)},
	{"DELETE /api/v1/user/{user_id}/role/{role_id}", identity.ManageUsers, resolved, changeRole(here, false)},
	{"GET /api/v2/user/{user_id}/workspace", identity.ReadOwn, resolved, (*api).userWorkspaces},
	{"GET /api/v2/user/my/membership", identity.ReadOwn, resolved, (*api).memberships},
	{"PATCH /api/v2/user/{user_id}/workspace/{workspace_id}", identity.ManageMembers, resolved, (*api).patchMember},
	{"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}", identity.ManageMembers, resolved, (*api).deleteMember},
	{"PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", identity.ManageMembers, resolved, changeRole(member, true)},
	{"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", identity.ManageMembers, resolved, changeRole(member, false)},
	{"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}", identity.WriteOwn, resolved, (*api).setDefaultWorkspace},
}

// anybody requires a valid bearer but no permission; the operation denies access itself.
const anybody identity.Permission = "anybody"

// serve handles a request: authentication, permission, operation, response.
func (a *api) serve(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
		defer cancel()
		req := &request{Request: r.WithContext(ctx), writer: w, op: op, from: a.clientAddr(r)}
		defer req.finish()
		res, err := a.admitted(op, req)
		if err != nil {
			res = failure(err)
			res.refusal, res.ended = control.RefusalCode(err), errors.Is(err, control.ErrEnded)
			remember(r, err)
		}
		a.refusedIn(op, req, res)
		if req.place.large != nil {
			res = packed(req, res)
		}
		req.counted()
		if res.status == http.StatusTooManyRequests && req.place.anonymous {
			req.pause(floodPause)
		}
		if res.status >= http.StatusBadRequest && req.unread() {
			res.set("Connection", "close") // otherwise the server would wait for the rest of the body
		}
		a.public.point(res)
		send(w, res)
	})
}

func (a *api) admitted(op operation, req *request) (response, error) {
	if err := a.admit(op, req); err != nil {
		return response{}, err
	}
	return a.permitted(op, req)
}

func (a *api) permitted(op operation, req *request) (response, error) {
	if op.need != identity.Public {
		if err := a.verifyBearer(req); err != nil {
			return response{}, err
		}
	}
	if op.need != identity.Public && op.auth == resolved {
		if err := a.authorize(req); err != nil {
			return response{}, err
		}
		if err := req.checkQuery(); err != nil {
			return response{}, err
		}
	}
	return op.handle(a, req)
}
