package operatorapi

import "github.com/simferry/simferry/internal/fleet"

// Routes returns the patterns of the operator API, and whether each needs a token.
func Routes() map[string]bool {
	routes := make(map[string]bool)
	for _, op := range operations {
		routes[op.pattern] = op.need == operatorToken
	}
	return routes
}

// Audited returns the audit actions of the writing operations.
func Audited() map[string]fleet.AuditAction {
	actions := make(map[string]fleet.AuditAction)
	for _, op := range operations {
		if op.audit != none {
			actions[op.pattern] = op.audit
		}
	}
	return actions
}
