//go:build planted_not_suspended

package planted

const bug = "not_suspended"
