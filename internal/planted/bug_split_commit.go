//go:build planted_split_commit

package planted

const bug = "split_commit"
