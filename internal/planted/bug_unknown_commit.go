//go:build planted_unknown_commit

package planted

const bug = "unknown_commit"
