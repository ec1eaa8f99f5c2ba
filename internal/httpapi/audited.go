package httpapi

import (
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// origin returns where a request came from.
func (r *request) origin() identity.Origin {
	o := identity.Origin{Address: r.from}
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		o.RequestID = e.id
	}
	return o
}

// refusedIn records a denied request of an authenticated caller in the audit log: every denied
// write, and every read without the permission. Rules log their completed writes themselves. Unauthenticated requests go to the server log
// only, so anonymous clients cannot grow the audit log.
func (a *api) refusedIn(op operation, req *request, res response) {
	code := res.refusal
	if code == 0 || req.who.User == 0 && req.who.Token == 0 {
		return
	}
	action := op.audit
	switch {
	case res.ended: // an ended session counts as unauthenticated
		a.control.Refused(req.Context(), req.who, fleet.AuditBearerRefused, "", code)
		return
	case action != none:
	case code == fleet.Forbidden:
		action = fleet.AuditRead
	default:
		return
	}
	a.control.Refused(req.Context(), req.who, action, op.pattern, code)
}
