//go:build planted_source_guard

package planted

const bug = "source_guard"
