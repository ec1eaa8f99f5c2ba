package cli

import (
	"slices"
	"strings"
	"testing"
)

// Only texts lose width, the widest first, and no column becomes narrower than its title.
func TestNarrow(t *testing.T) {
	widths, least, breakable := []int{19, 40, 30, 12}, []int{10, 10, 15, 11}, []bool{false, true, true, true}
	for _, tt := range []struct {
		columns int
		want    []int
	}{
		{200, []int{19, 40, 30, 12}},
		{107, []int{19, 40, 30, 12}},
		{100, []int{19, 33, 30, 12}},
		{80, []int{19, 21, 22, 12}},
		{50, []int{19, 10, 15, 11}}, // it does not fit
	} {
		got := slices.Clone(widths)
		narrow(got, least, breakable, tt.columns)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d columns: %v, want %v", tt.columns, got, tt.want)
		}
	}
}

// Ids stay whole, so that they can be copied; addresses and long words may be broken.
func TestWordsThatStayWhole(t *testing.T) {
	for cell, want := range map[string]int{
		"20261130-103004-tpoh": 20, "Fleet DE (100)": 5, "admin@example.com": 0, "": 0, "a " + strings.Repeat("x", longestWord+1): 1,
	} {
		if got := wordWidth(cell); got != want {
			t.Errorf("%q: %d, want %d", cell, got, want)
		}
	}
}
