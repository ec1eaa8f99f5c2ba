package cli

import (
	"slices"
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
