//go:build planted_sync_normal

package planted

const bug = "sync_normal"
