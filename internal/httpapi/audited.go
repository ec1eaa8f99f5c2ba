package httpapi

import "github.com/simferry/simferry/internal/fleet"

// auditRefusal records a denied request of an authenticated caller in the audit log: every denied
// write, and every read without the permission. Rules log their completed writes themselves.
// Unauthenticated requests go to the server log only, so anonymous clients cannot grow the audit
// log. ended reports that the caller's session ended meanwhile: it counts as unauthenticated.
func (a *api) auditRefusal(r *request, code fleet.Code, ended bool) {
	if code == 0 || r.caller.User == 0 && r.caller.Token == 0 {
		return
	}
	action := r.op.audit
	switch {
	case ended:
		a.control.Refused(r.Context(), r.caller, fleet.AuditBearerRefused, "", code)
		return
	case action != none:
	case code == fleet.Forbidden:
		action = fleet.AuditRead
	default:
		return
	}
	a.control.Refused(r.Context(), r.caller, action, r.op.pattern, code)
}
