//go:build planted_checksum

package planted

const bug = "checksum"
