package client

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// ListOptions filter and sort a list; the zero value requests the first page with the server's
// defaults.
type ListOptions struct {
	Filter  string // field:value,field:value, all of which must hold; values separated by |
	Sort    string // field,-field; - is descending
	Page    int    // from 1; 0 is the first
	PerPage int    // items on a page; 0 is the server's default, and it has a maximum

	// After is the cursor of the page to read, which is Page.Next of the previous page; 0
	// reads from the start. Simferry supports it for lists sorted by id. It replaces Page.
	After int64
	// FromStart reads the first page with a cursor, as After does for the later ones: a list that
	// is polled misses nothing, even if lower ids appear after higher ones.
	FromStart bool
}

func (o ListOptions) query() string {
	q := make(url.Values)
	set := func(name, value string, wanted bool) {
		if wanted {
			q.Set(name, value)
		}
	}
	set("q", o.Filter, o.Filter != "")
	set("sort", o.Sort, o.Sort != "")
	set("page", strconv.Itoa(o.Page), o.Page > 0)
	set("per_page", strconv.Itoa(o.PerPage), o.PerPage > 0)
	set("after", strconv.FormatInt(o.After, 10), o.After != 0 || o.FromStart)
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// Page is one page of a list and its position. A number that the server does not send is 0.
type Page[T any] struct {
	Items      []T
	Page       int // from 1; never beyond the last
	PerPage    int
	Total      int // items over all pages; with After those from this page on
	TotalPages int
	Next       int64 // the cursor of the next page; 0 on the last page or without cursors
}

func list[T any](ctx context.Context, c *Client, path string, o ListOptions) (*Page[T], error) {
	what := call{method: http.MethodGet, path: path + o.query()}
	got, err := c.do(ctx, what)
	if err != nil {
		return nil, err
	}
	items, err := decode[[]T](what, got)
	if err != nil {
		return nil, err
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(got.header.Get(name)) // 0 if it is not a number
		return n
	}
	next, _ := strconv.ParseInt(got.header.Get("X-Next"), 10, 64) // 0 if there is none
	return &Page[T]{
		Items: *items, Page: number("X-Current-Page"), PerPage: number("X-Count-Per-Page"),
		Total: number("X-Total-Count"), TotalPages: number("X-Total-Pages"), Next: next,
	}, nil
}

// ErrListChanged is the error of a walk over numbered pages during which the list has changed:
// an item may have moved to a page that was already read, and would be missed. With cursors
// this does not happen.
var ErrListChanged = errors.New("the list changed while it was read: read it again")

var (
	errNoTotalPages = errors.New("the server does not send X-Total-Pages: request each page by its number")
	errStuck        = errors.New("the server's cursor (X-Next) does not advance")
)

// Walk reads the pages of a list, from the one that o names to the last, one request at a time.
// read reads one page, such as Client.ListSIMs. It stops at the first error.
//
// If the server gives cursors (Simferry does, in lists sorted by id), every item that stays in
// the list is read exactly once, despite concurrent changes. Otherwise the pages are numbered,
// and removed items shift later ones: Walk compares the totals and returns ErrListChanged if
// they differ. This does not detect a removal that coincides with an addition.
func Walk[T any](ctx context.Context, o ListOptions, read func(context.Context, ListOptions) (*Page[T], error)) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		w := walk{options: o}
		for more := true; more; {
			page, err := read(ctx, w.options)
			if err == nil {
				more, err = w.step(standing{page.Page, page.Total, page.TotalPages, page.Next, len(page.Items)})
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// standing is the position of a page in its list.
type standing struct {
	page, total, pages int
	next               int64
	items              int
}

// walk is the progress of a walk.
type walk struct {
	options ListOptions
	total   int // of the first page
	begun   bool
}

// step records a page and selects the next one; more is false after the last page.
func (w *walk) step(p standing) (more bool, err error) {
	switch {
	case p.next != 0 && p.next == w.options.After:
		return false, errStuck
	case p.next != 0:
		w.options.After, w.options.Page = p.next, 0
		return true, nil
	case w.options.After != 0:
		return false, nil // the last page of a list with cursors
	case p.pages == 0 && p.items > 0:
		return false, errNoTotalPages
	}
	asked := max(1, w.options.Page)
	if !w.begun {
		w.begun, w.total = true, p.total
	}
	if p.total != w.total || p.page != 0 && p.page < asked && p.items > 0 {
		return false, ErrListChanged
	}
	w.options.Page = asked + 1
	return asked < p.pages, nil
}

// all iterates over the items of every page, like Walk over the pages.
func all[T any](ctx context.Context, c *Client, path string, o ListOptions) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		read := func(ctx context.Context, o ListOptions) (*Page[T], error) { return list[T](ctx, c, path, o) }
		for page, err := range Walk(ctx, o, read) {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}
