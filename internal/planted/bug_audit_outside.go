//go:build planted_audit_outside

package planted

const bug = "audit_outside"
