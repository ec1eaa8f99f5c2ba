//go:build planted_foreign_seen

package planted

const bug = "foreign_seen"
