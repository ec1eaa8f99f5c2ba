//go:build planted_target_role

package planted

const bug = "target_role"
