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
	handle  func(*api, *request) (response, error)
}

var operations = []operation{
	{"GET /healthz", identity.Public, (*api).health},
	{"GET /readyz", identity.Public, (*api).ready},
	{"GET /openapi.yaml", identity.Public, (*api).openAPI},
	{"GET /openapi.json", identity.Public, (*api).openAPIJSON},
	{"GET /.well-known/jwks.json", identity.Public, (*api).jwks},

	{"POST /api/v1/authenticate", identity.Public, (*api).authenticate},
	{"POST /api/v1/authenticate/workspace", anybody, (*api).switchWorkspace},

	{"POST /api/v1/logout", identity.WriteOwn, (*api).logout},

	{"PATCH /api/v1/user/password", identity.WriteOwn, (*api).changePassword},
	{"GET /api/v1/user/mfa/status", identity.WriteOwn, listed(mfaStatuses)},
	{"GET /api/v1/user/mfa/type", identity.WriteOwn, listed(mfaTypes)},
	{"POST /api/v1/user/mfa", identity.WriteOwn, (*api).addMFA},
	{"PATCH /api/v1/user/mfa/{key_id}", identity.WriteOwn, (*api).activateMFA},
	{"GET /api/v1/user/{user_id}/mfa", identity.WriteOwn, (*api).listMFA},
	{"DELETE /api/v1/user/{user_id}/mfa/{key_id}", identity.WriteOwn, (*api).removeMFA},
	{"GET /api/v1/user/{user_id}/mfa/trusted_device", identity.WriteOwn, (*api).listTrustedDevices},
	{"GET /api/v1/user/mfa/trusted_device", identity.WriteOwn, (*api).listOwnTrustedDevices},
	{"DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}", identity.WriteOwn, (*api).removeTrustedDevice},

	{"GET /api/v1/application_token", identity.ManageTokens, (*api).listApplicationTokens},
	{"POST /api/v1/application_token", identity.ManageTokens, (*api).makeApplicationToken},
	{"PATCH /api/v1/application_token/{token_id}", identity.ManageTokens, (*api).patchApplicationToken},

	{"GET /api/v1/sim", identity.ReadSIMs, (*api).listSIMs},
	{"GET /api/v1/sim/status", identity.ReadSIMs, listed(simStatuses)},
	{"GET /api/v1/sim/{sim_id}", identity.ReadSIMs, (*api).getSIM},
	{"PATCH /api/v1/sim/{sim_id}", identity.WriteSIMs, (*api).patchSIM},
	{"DELETE /api/v1/sim/{sim_id}", identity.WriteSIMs, (*api).deleteSIM},
	{"DELETE /api/v1/sim/multi", identity.WriteSIMs, (*api).deleteSIMs},
	{migratePattern, identity.MigrateSIMs, (*api).migrate},

	{"GET /api/v1/endpoint", identity.ReadDevices, (*api).listDevices},
	{"POST /api/v1/endpoint", identity.WriteDevices, (*api).createDevice},
	{"GET /api/v1/endpoint/status", identity.ReadDevices, listed(deviceStatuses)},
	{"GET /api/v1/endpoint/{endpoint_id}", identity.ReadDevices, (*api).getDevice},
	{"PATCH /api/v1/endpoint/{endpoint_id}", identity.WriteDevices, (*api).patchDevice},
	{"DELETE /api/v1/endpoint/{endpoint_id}", identity.WriteDevices, (*api).deleteDevice},
	{"GET /api/v1/endpoint/{endpoint_id}/event", identity.ReadEvents, (*api).listDeviceEvents},
	{"GET /api/v1/endpoint/{endpoint_id}/connectivity", identity.ReadDevices, (*api).getConnectivity},
	{"PATCH /api/v1/endpoint/{endpoint_id}/connectivity", identity.WriteDevices, (*api).resetConnectivity},
	{"POST /api/v2/endpoint/multi", identity.WriteDevices, (*api).createDevices},
	{"PATCH /api/v2/endpoint/multi", identity.WriteDevices, (*api).patchDevices},
	{"DELETE /api/v2/endpoint/multi", identity.WriteDevices, (*api).deleteDevices},
	{"GET /api/v1/service_profile", identity.ReadDevices, listProfiles(fleet.ServiceProfile)},
	{"GET /api/v1/service_profile/{profile_id}", identity.ReadDevices, getProfile(fleet.ServiceProfile, "service_profile")},
	{"GET /api/v1/tariff_profile", identity.ReadDevices, listProfiles(fleet.TariffProfile)},
	{"GET /api/v1/tariff_profile/{profile_id}", identity.ReadDevices, getProfile(fleet.TariffProfile, "tariff_profile")},
	{"GET /api/v1/sim_batch/bic/{bic}", identity.ReadSIMs, (*api).getBatch},
	{"PATCH /api/v1/sim_batch/bic/{bic}", identity.WriteSIMs, (*api).registerBatch},

	{"GET /api/v1/event", identity.ReadEvents, (*api).listEvents},
	{"GET /api/v1/event/type", identity.ReadEvents, listed(eventTypes)},
	{"GET /api/v1/sim/{sim_id}/event", identity.ReadEvents, (*api).listSIMEvents},
	{"GET /api/v1/user/{user_id}/event", identity.ReadEvents, (*api).listUserEvents},

	{"GET /api/v1/audit", identity.ReadAudit, (*api).listAudit},

	{"GET /api/v1/migration", identity.ReadMigrations, (*api).listMigrations},
	{"GET /api/v1/migration/{migration_id}", identity.ReadMigrations, (*api).getMigration},

	{"GET /api/v1/country", identity.ReadWorkspace, listed(countries)},
	{"GET /api/v1/organisation/my", identity.ReadWorkspace, (*api).ownWorkspace},
	{"GET /api/v1/organisation/status", identity.ReadWorkspace, listed(workspaceStatuses)},
	{"GET /api/v1/user/role", identity.ReadUsers, listed(roles)},
	{"GET /api/v1/user/status", identity.ReadUsers, listed(userStatuses)},
	{"GET /api/v1/user", identity.ReadUsers, (*api).listUsers},
	{"POST /api/v1/user", identity.ManageMembers, (*api).createUser},
	{"POST /api/v2/user/invitation", identity.ManageMembers, (*api).inviteUser},
	{"POST /api/v2/user/activation", identity.Public, (*api).activateUser},
	{"POST /api/v1/user/activation", identity.Public, (*api).activateUserV1},
	{"POST /api/v1/user/password/reset", identity.Public, (*api).resetPassword},
	{"GET /api/v1/user/{user_id}", identity.ReadUsers, (*api).getUser},
	{"PATCH /api/v1/user/{user_id}", identity.WriteOwn, (*api).patchUser},
	{"DELETE /api/v1/user/{user_id}", identity.ManageUsers, (*api).deleteUser},
	{"GET /api/v1/user/{user_id}/role/permission", identity.ReadOwn, (*api).listPermissions},
	{"PUT /api/v1/user/{user_id}/role/{role_id}", identity.ManageUsers, changeRole(here, true)},
	{"DELETE /api/v1/user/{user_id}/role/{role_id}", identity.ManageUsers, changeRole(here, false)},
	{"GET /api/v2/user/{user_id}/workspace", identity.ReadOwn, (*api).userWorkspaces},
	{"GET /api/v2/user/my/membership", identity.ReadOwn, (*api).memberships},
	{"PATCH /api/v2/user/{user_id}/workspace/{workspace_id}", identity.ManageMembers, (*api).patchMember},
	{"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}", identity.ManageMembers, (*api).deleteMember},
	{"PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", identity.ManageMembers, changeRole(member, true)},
	{"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", identity.ManageMembers, changeRole(member, false)},
	{"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}", identity.WriteOwn, (*api).setDefaultWorkspace},
}

// anybody requires a valid bearer but no permission; the operation denies access itself.
const anybody identity.Permission = "anybody"

// serve handles a request: authentication, permission, operation, response.
func (a *api) serve(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
		defer cancel()
		req := &request{Request: r.WithContext(ctx), writer: w, from: a.clientAddr(r)}
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
		who, err := a.bearer(op, req)
		if err != nil {
			return response{}, err
		}
		req.who = who
		noteCaller(req.Request, who)
		if op.need != anybody {
			if err := who.Require(op.need); err != nil {
				return response{}, err
			}
		}
		if err := req.checkQuery(); err != nil {
			return response{}, err
		}
	}
	return op.handle(a, req)
}
