package console

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// place is where the reader is in a list that is paged by id, the newest item first: after an id
// or before one. The first page has neither. It travels in addresses as after and before.
type place struct {
	After, Before string // the ids, "" for none
	Per           int    // rows per page
}

func placeOf(v url.Values, per int) place {
	return place{After: digits(v.Get("after")), Before: digits(v.Get("before")), Per: per}
}

// list returns the request for the page, with the filters of q.
func (p place) list(spec fleet.ListSpec, q string, more ...fleet.Filter) (fleet.List, error) {
	sort, key := "-id", p.After
	if p.Before != "" {
		sort, key = "id", p.Before
	}
	l, err := fleet.ParseList(spec, q, sort, "1", strconv.Itoa(p.Per))
	if err == nil {
		l, err = l.ReadAfter(key)
	}
	l.Filters = append(l.Filters, more...)
	return l, err
}

// pager is what the foot of a list shows.
type pager struct {
	First, Last, Total int    // numbers of rows
	Newer, Older       string // the queries of the neighbouring pages, "" for none
}

// readPage reads a page of a list, the newest item first, and counts all items. id returns the id
// of an item, and address the query of a page: its filters with after and before.
func readPage[T any](p place, l fleet.List, read func(fleet.List) (fleet.Page[T], error), id func(T) int64, address func(after, before string) string) (items []T, at pager, err error) {
	page, err := read(l)
	if err != nil {
		return nil, at, err
	}
	if len(page.Items) == 0 && l.After != nil { // the items of this page are gone: show the first page
		l.After, l.Sort = nil, []fleet.Order{{Field: "id", Descending: true}}
		return readPage(place{Per: p.Per}, l, read, id, address)
	}
	items, at.Total = page.Items, page.Total
	rows, beyond := len(items), page.Total
	if l.After != nil { // the total is that of the items beyond the key
		all := l
		all.After, all.PerPage = nil, 1
		first, err := read(all)
		if err != nil {
			return nil, at, err
		}
		at.Total = first.Total
	}
	switch {
	case p.Before != "":
		slices.Reverse(items)
		at.First = beyond - rows + 1
	case p.After != "":
		at.First = at.Total - beyond + 1
	default:
		at.First = 1
	}
	at.Last = at.First + rows - 1
	if rows == 0 {
		return items, at, nil
	}
	if at.First > 1 {
		at.Newer = address("", strconv.FormatInt(id(items[0]), 10))
		if at.First <= p.Per+1 {
			at.Newer = address("", "")
		}
	}
	if at.Last < at.Total {
		at.Older = address(strconv.FormatInt(id(items[rows-1]), 10), "")
	}
	return items, at, nil
}
