//go:build planted_tally_lost

package planted

const bug = "tally_lost"
