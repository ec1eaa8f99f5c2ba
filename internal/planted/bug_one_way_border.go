//go:build planted_one_way_border

package planted

const bug = "one_way_border"
