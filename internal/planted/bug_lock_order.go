//go:build planted_lock_order

package planted

const bug = "lock_order"
