//go:build planted_key_global

package planted

const bug = "key_global"
