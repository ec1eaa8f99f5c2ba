//go:build planted_first_source

package planted

const bug = "first_source"
