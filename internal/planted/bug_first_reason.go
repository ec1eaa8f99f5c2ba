//go:build planted_first_reason

package planted

const bug = "first_reason"
