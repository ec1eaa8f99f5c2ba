package httpapi

import (
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// audited maps each writing operation to its action in the audit log. A test compares it with
// the table of operations. The rule logs a completed write in its own transaction; requests
// denied to an authenticated caller are logged here for all rules.
var audited = map[string]fleet.AuditAction{
	"POST /api/v1/authenticate":           fleet.AuditSignedIn,
	"POST /api/v1/authenticate/workspace": fleet.AuditSwitched,
	"POST /api/v1/logout":                 fleet.AuditSignedOut,

	"PATCH /api/v1/user/password":                                  fleet.AuditPasswordChanged,
	"POST /api/v1/user/mfa":                                        fleet.AuditFactorAdded,
	"PATCH /api/v1/user/mfa/{key_id}":                              fleet.AuditFactorActivated,
	"DELETE /api/v1/user/{user_id}/mfa/{key_id}":                   fleet.AuditFactorRemoved,
	"DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}": fleet.AuditDeviceUntrusted,

	"POST /api/v1/user":                fleet.AuditUserInvited,
	"POST /api/v2/user/invitation":     fleet.AuditUserInvited,
	"POST /api/v2/user/activation":     fleet.AuditUserActivated,
	"POST /api/v1/user/activation":     fleet.AuditUserActivated,
	"POST /api/v1/user/password/reset": fleet.AuditResetAsked,

	"PATCH /api/v1/user/{user_id}":                                          fleet.AuditUserChanged,
	"DELETE /api/v1/user/{user_id}":                                         fleet.AuditMembershipRemoved,
	"PUT /api/v1/user/{user_id}/role/{role_id}":                             fleet.AuditRoleGiven,
	"DELETE /api/v1/user/{user_id}/role/{role_id}":                          fleet.AuditRoleTaken,
	"PATCH /api/v2/user/{user_id}/workspace/{workspace_id}":                 fleet.AuditMembershipChanged,
	"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}":                fleet.AuditMembershipRemoved,
	"PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}":    fleet.AuditRoleGiven,
	"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}": fleet.AuditRoleTaken,
	"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}":        fleet.AuditDefaultWorkspace,

	"POST /api/v1/application_token":             fleet.AuditTokenMade,
	"PATCH /api/v1/application_token/{token_id}": fleet.AuditTokenChanged,

	"PATCH /api/v1/sim/{sim_id}":           fleet.AuditSIMChanged,
	"DELETE /api/v1/sim/{sim_id}":          fleet.AuditSIMDeleted,
	"DELETE /api/v1/sim/multi":             fleet.AuditSIMDeleted,
	"POST /api/v1/sim/migration/workspace": fleet.AuditMigrated,
	"PATCH /api/v1/sim_batch/bic/{bic}":    fleet.AuditBatchRegistered,

	"POST /api/v1/migration/{migration_id}/undo": fleet.AuditUndone,

	"POST /api/v1/endpoint":                             fleet.AuditDeviceCreated,
	"PATCH /api/v1/endpoint/{endpoint_id}":              fleet.AuditDeviceChanged,
	"DELETE /api/v1/endpoint/{endpoint_id}":             fleet.AuditDeviceDeleted,
	"POST /api/v2/endpoint/multi":                       fleet.AuditDeviceCreated,
	"PATCH /api/v1/endpoint/{endpoint_id}/connectivity": fleet.AuditDeviceChanged,
	"PATCH /api/v2/endpoint/multi":                      fleet.AuditDeviceChanged,
	"DELETE /api/v2/endpoint/multi":                     fleet.AuditDeviceDeleted,
}

// origin returns where a request came from.
func (r *request) origin() identity.Origin {
	o := identity.Origin{Address: r.from}
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		o.RequestID = e.id
	}
	return o
}

// refusedIn records a denied request of an authenticated caller in the audit log: every denied
// write, and every read without the permission. Unauthenticated requests go to the server log
// only, so anonymous clients cannot grow the audit log.
func (a *api) refusedIn(op operation, req *request, res response) {
	code := res.refusal
	if code == 0 || req.who.User == 0 && req.who.Token == 0 {
		return
	}
	action, writes := audited[op.pattern]
	switch {
	case res.ended: // an ended session counts as unauthenticated
		a.control.Refused(req.Context(), req.who, fleet.AuditBearerRefused, "", code)
		return
	case writes:
	case code == fleet.Forbidden:
		action = fleet.AuditRead
	default:
		return
	}
	a.control.Refused(req.Context(), req.who, action, op.pattern, code)
}
