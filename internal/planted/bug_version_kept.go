//go:build planted_version_kept

package planted

const bug = "version_kept"
