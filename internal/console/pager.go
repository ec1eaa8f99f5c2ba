package console

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// place is the position of a page in a list that is paged by id: after an id or before one. The
// first page has neither. It travels in addresses as after and before.
type place struct {
	After, Before string // the ids, "" for none
	Sort          string // "id", or "-id" for the newest item first
	Per           int    // rows per page
}

func placeOf(v url.Values, sort string, per int) place {
	return place{After: digits(v.Get("after")), Before: digits(v.Get("before")), Sort: sort, Per: per}
}

// list returns the request for the page, with the filters of q. The page before an id is read
// backwards.
func (p place) list(spec fleet.ListSpec, q string, more ...fleet.Filter) (fleet.List, error) {
	sort, key := p.Sort, p.After
	if p.Before != "" {
		sort, key = map[string]string{"id": "-id", "-id": "id"}[p.Sort], p.Before
	}
	l, err := fleet.ParseList(spec, q, sort, "1", strconv.Itoa(p.Per))
	if err == nil {
		l, err = l.ReadAfter(key)
	}
	l.Filters = append(l.Filters, more...)
	return l, err
}

// first returns the place of the first page.
func (p place) first() place { return place{Sort: p.Sort, Per: p.Per} }

// pager is what the foot of a list shows.
type pager struct {
	First, Last, Total int    // numbers of rows
	Prev, Next         string // the addresses of the neighbouring pages, "" for none
}

// readPage reads a page of a list, and counts all items. id returns the id of an item, and address
// the address of a page: its filters with after and before.
func readPage[T any](p place, l fleet.List, read func(fleet.List) (fleet.Page[T], error), id func(T) int64, address func(after, before string) string) (items []T, at pager, err error) {
	page, err := read(l)
	if err != nil {
		return nil, at, err
	}
	if len(page.Items) == 0 && l.After != nil { // the items of this page are gone: show the first page
		l.After, l.Sort = nil, []fleet.Order{{Field: "id", Descending: p.Sort == "-id"}}
		return readPage(p.first(), l, read, id, address)
	}
	total := page.Total
	if l.After != nil { // the page counts only the items beyond the key
		all := l
		all.After, all.PerPage = nil, 1
		first, err := read(all)
		if err != nil {
			return nil, at, err
		}
		total = first.Total
	}
	if p.Before != "" {
		slices.Reverse(page.Items)
	}
	return page.Items, pagerOf(p, page.Items, page.Total, total, id, address), nil
}

// pagerOf returns the foot of a page. beyond counts the items of the page and those that follow in
// the order in which it was read.
func pagerOf[T any](p place, items []T, beyond, total int, id func(T) int64, address func(after, before string) string) pager {
	rows, at := len(items), pager{First: 1, Total: total}
	switch {
	case p.Before != "":
		at.First = beyond - rows + 1
	case p.After != "":
		at.First = total - beyond + 1
	}
	at.Last = at.First + rows - 1
	switch {
	case at.First > p.Per+1 && rows > 0:
		at.Prev = address("", strconv.FormatInt(id(items[0]), 10))
	case at.First > 1:
		at.Prev = address("", "")
	}
	if rows > 0 && at.Last < total {
		at.Next = address(strconv.FormatInt(id(items[rows-1]), 10), "")
	}
	return at
}

// numberedPager returns the foot of a page of a list that is paged by number. rows are on the
// page, and address returns the address of another page.
func numberedPager(page, per, rows, total int, address func(page int) string) pager {
	at := pager{First: (page-1)*per + 1, Total: total}
	at.Last = at.First + rows - 1
	if page > 1 {
		at.Prev = address(page - 1)
	}
	if at.Last < total {
		at.Next = address(page + 1)
	}
	return at
}
