//go:build planted_suspended_user

package planted

const bug = "suspended_user"
