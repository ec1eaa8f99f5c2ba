//go:build planted_sync_off

package planted

const bug = "sync_off"
