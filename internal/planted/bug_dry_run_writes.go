//go:build planted_dry_run_writes

package planted

const bug = "dry_run_writes"
