package httpapi

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// paged is an answer of one page with the headers that tell where it stands.
func paged[T any](r *request, l fleet.List, page fleet.Page[T], items any) (response, error) {
	res, err := ok(items)
	if err != nil {
		return res, err
	}
	return onPage(r, l, page, res), nil
}

// onPage adds the headers to an answer of one page.
func onPage[T any](r *request, l fleet.List, page fleet.Page[T], res response) response {
	res.set("X-Count-Per-Page", strconv.Itoa(page.PerPage))
	res.set("X-Current-Page", strconv.Itoa(page.Page))
	res.set("X-Total-Count", strconv.Itoa(page.Total))
	res.set("X-Total-Pages", strconv.Itoa(page.Pages()))
	res.set("X-Sort", sortText(l.Sort))
	if text := filterText(l.Filters); text != "" {
		res.set("X-Filter", text)
	}
	res.set("Link", links(r.URL, page.Page, page.Pages(), page.PerPage))
	return res
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

// filterText words the filters as they were understood, which a header can carry whatever
// the client sent.
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

// links are first, prev, next and last as RFC 8288 has them, relative to the server.
func links(u *url.URL, page, last, perPage int) string {
	var list []string
	add := func(rel string, to int) {
		q := u.Query()
		q.Set("page", strconv.Itoa(to))
		q.Set("per_page", strconv.Itoa(perPage))
		list = append(list, fmt.Sprintf("<%s?%s>; rel=%q", u.EscapedPath(), q.Encode(), rel))
	}
	add("first", 1)
	if page > 1 {
		add("prev", page-1)
	}
	if page < last {
		add("next", page+1)
	}
	add("last", last)
	return strings.Join(list, ", ")
}
