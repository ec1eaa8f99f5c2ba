//go:build planted_match_ignored

package planted

const bug = "match_ignored"
