package httpx

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// OnPage adds the headers that describe the position of a page. id returns the id of an item.
func OnPage[T any](r *Request, l fleet.List, page fleet.Page[T], id func(T) int64, res Response) Response {
	if a := r.place.admission; a != nil && len(l.Filters) == 0 && l.After == nil {
		a.totals.note(r.place.workspace+r.URL.Path, page.Total)
	}
	res.Set("X-Count-Per-Page", strconv.Itoa(page.PerPage))
	res.Set("X-Current-Page", strconv.Itoa(page.Page))
	res.Set("X-Total-Count", strconv.Itoa(page.Total))
	res.Set("X-Total-Pages", strconv.Itoa(page.Pages()))
	res.Set("X-Sort", sortText(l.Sort))
	if text := filterText(l.Filters); text != "" && len(text) <= maxFilterHeader {
		res.Set("X-Filter", text)
	}
	next, more := nextAfter(l, page, id)
	if more {
		res.Set("X-Next", strconv.FormatInt(next, 10))
	}
	link := links(r.URL, page.Page, page.Pages(), page.PerPage)
	if l.After != nil {
		link = cursorLinks(r.URL, next, more, page.PerPage)
	}
	if link != "" {
		res.Set("Link", link)
	}
	return res
}

// nextAfter returns the cursor of the next page, if there is one and the list is sorted by id.
func nextAfter[T any](l fleet.List, page fleet.Page[T], id func(T) int64) (next int64, ok bool) {
	if _, byID := l.ByID(); !byID || page.Page >= page.Pages() || len(page.Items) == 0 {
		return 0, false
	}
	return id(page.Items[len(page.Items)-1]), true
}

func sortText(orders []fleet.Order) string {
	keys := make([]string, len(orders))
	for i, o := range orders {
		keys[i] = o.Field
		if o.Descending {
			keys[i] = "-" + o.Field
		}
	}
	return strings.Join(keys, ",")
}

// filterText formats the filters as they were parsed, safe for a header whatever the client
// sent.
func filterText(filters []fleet.Filter) string {
	terms := make([]string, len(filters))
	for i, f := range filters {
		terms[i] = f.Field.Name + ":" + f.Value
	}
	return strings.Map(headerSafe, strings.Join(terms, ","))
}

func headerSafe(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// Maximum bytes of the headers that repeat client input. Proxies refuse responses whose headers
// do not fit into a buffer, often of 4 KiB.
const (
	maxFilterHeader = 1 << 10
	maxLinkHeader   = 2 << 10
)

// cursorLinks formats the first and next links of a list that is read with a cursor. Like
// links, it shortens them.
func cursorLinks(u *url.URL, next int64, more bool, perPage int) string {
	link := func(rel, after string) string {
		q := u.Query()
		q.Del("page")
		q.Del("after")
		q.Set("per_page", strconv.Itoa(perPage))
		if after != "" {
			q.Set("after", after)
		}
		return fmt.Sprintf("<%s?%s>; rel=%q", u.EscapedPath(), q.Encode(), rel)
	}
	list, following := link("first", ""), ""
	if more {
		following = link("next", strconv.FormatInt(next, 10))
		list += ", " + following
	}
	return shortEnough(list, following)
}

// shortEnough returns the first argument that fits into the Link header, or "".
func shortEnough(links ...string) string {
	for _, text := range links {
		if len(text) <= maxLinkHeader {
			return text
		}
	}
	return ""
}

// links formats the first, prev, next and last links as in RFC 8288, relative to the server. If
// they are too long for a header, it keeps only next, or nothing.
func links(u *url.URL, page, last, perPage int) string {
	link := func(rel string, to int) string {
		q := u.Query()
		q.Set("page", strconv.Itoa(to))
		q.Set("per_page", strconv.Itoa(perPage))
		return fmt.Sprintf("<%s?%s>; rel=%q", u.EscapedPath(), q.Encode(), rel)
	}
	list := []string{link("first", 1)}
	if page > 1 {
		list = append(list, link("prev", page-1))
	}
	next := ""
	if page < last {
		next = link("next", page+1)
		list = append(list, next)
	}
	list = append(list, link("last", last))
	return shortEnough(strings.Join(list, ", "), next)
}
