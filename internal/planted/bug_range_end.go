//go:build planted_range_end

package planted

const bug = "range_end"
