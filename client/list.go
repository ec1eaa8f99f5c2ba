package client

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// ListOptions narrow and order a list; the zero value asks for its first page as the
// server has it.
type ListOptions struct {
	Filter  string // field:value,field:value, all of which must hold; values separated by |
	Sort    string // field,-field; - is descending
	Page    int    // from 1; 0 is the first
	PerPage int    // items on a page; 0 is the server's default, and it has a maximum
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
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// Page is one page of a list and where it stands in the whole. A number that the server
// does not tell is 0.
type Page[T any] struct {
	Items      []T
	Page       int // from 1; never beyond the last
	PerPage    int
	Total      int // items over all pages
	TotalPages int
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
		n, _ := strconv.Atoi(got.header.Get(name)) // 0 where it is no number
		return n
	}
	return &Page[T]{
		Items: *items, Page: number("X-Current-Page"), PerPage: number("X-Count-Per-Page"),
		Total: number("X-Total-Count"), TotalPages: number("X-Total-Pages"),
	}, nil
}

var errNoTotalPages = errors.New("the server does not tell X-Total-Pages: ask page by page")

// all walks over every page from o.Page on, with one request at a time. An error ends it.
// What is written meanwhile may move items from page to page: sort by id, ascending, to
// miss none that was there from the beginning.
func all[T any](ctx context.Context, c *Client, path string, o ListOptions) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for o.Page = max(1, o.Page); ; o.Page++ {
			page, err := list[T](ctx, c, path, o)
			if err == nil && page.TotalPages == 0 && len(page.Items) > 0 {
				err = errNoTotalPages
			}
			if err != nil {
				yield(none, err)
				return
			}
			if page.Page != 0 && page.Page < o.Page {
				return // the list has become shorter, and this page was here before
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if o.Page >= page.TotalPages {
				return
			}
		}
	}
}
