//go:build planted_detach_forgets

package planted

const bug = "detach_forgets"
