//go:build planted_key_outside

package planted

const bug = "key_outside"
