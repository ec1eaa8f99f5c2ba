package console

import (
	"strconv"
	"testing"
)

func TestNumberedPager(t *testing.T) {
	for _, c := range []struct {
		page, rows, total int
		want              pager
	}{
		{1, 0, 0, pager{First: 1}},
		{1, 10, 10, pager{First: 1, Last: 10, Total: 10}},
		{1, 10, 11, pager{First: 1, Last: 10, Total: 11, Next: "2"}},
		{2, 1, 11, pager{First: 11, Last: 11, Total: 11, Prev: "1"}},
		{2, 10, 25, pager{First: 11, Last: 20, Total: 25, Prev: "1", Next: "3"}},
	} {
		if got := numberedPager(c.page, 10, c.rows, c.total, strconv.Itoa); got != c.want {
			t.Errorf("page %d of %d: %+v, want %+v", c.page, c.total, got, c.want)
		}
	}
}
