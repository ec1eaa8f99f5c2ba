//go:build planted_ledger_outside

package planted

const bug = "ledger_outside"
