package httpx

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/simferry/simferry/internal/fleet"
)

// parameters maps the normalized names of the query parameters of lists to their exact names. Each
// has one value. Near misses of a name are refused: a client that sends perPage or q[] would
// otherwise get a list that it did not ask for.
var parameters = map[string]string{
	"q": "q", "filter": "q", "filters": "q",
	"sort": "sort", "sortby": "sort", "orderby": "sort",
	"page": "page", "perpage": "per_page", "pagesize": "per_page",
	"after": "after",
}

// CheckQuery refuses a query string that does not parse, repeated parameters, near misses of
// parameter names, and page numbers that are not numbers. Other parameters are ignored, because
// existing clients may send them. own are the parameters of single operations, such as
// "delete_sims".
//
// url.URL.Query drops what it cannot parse, so a malformed filter would return everything.
func (r *Request) CheckQuery(own ...string) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badQuery(err)
	}
	for name, given := range values {
		meant, known := parameter(name, own)
		switch {
		case !known || name != meant && !slices.Contains(own, meant) && r.Method != http.MethodGet:
			// other operations than lists ignore the parameters of lists, and similar ones
		case name != meant:
			return fleet.Invalid(name, "unknown parameter; write it exactly as %s", meant)
		case len(given) > 1:
			return fleet.Invalid(name, "it is given %d times; send it once", len(given))
		}
	}
	for _, name := range []string{"page", "per_page"} {
		if text := values.Get(name); text != "" && !isInteger(strings.TrimSpace(text)) {
			return fleet.Invalid(name, "it must be a whole number")
		}
	}
	return nil
}

// parameter returns the exact name of the parameter that a client may mean by name. Some clients
// write q[0], filter[status] or page.size: what stands before the subscript counts as well.
func parameter(name string, own []string) (meant string, known bool) {
	base := name
	if i := strings.IndexAny(name, "[.("); i > 0 {
		base = name[:i]
	}
	for _, n := range []string{normalized(name), normalized(base)} {
		for _, o := range own {
			if n == normalized(o) {
				return o, true
			}
		}
		if meant, known = parameters[n]; known {
			return meant, true
		}
	}
	return "", false
}

// badQuery reports what does not parse and how to write it.
func badQuery(err error) error {
	var escape url.EscapeError
	if errors.As(err, &escape) {
		return fleet.Invalid("query string", "%s is not a percent-encoded byte; write a percent sign as %%25", strconv.Quote(string(escape)))
	}
	return fleet.Invalid("query string", "it contains a semicolon; separate parameters with & and write a semicolon as %%3B")
}

// normalized keeps only letters and digits, in lower case: perPage, per-page, per_page[] and
// ?per_page become one name.
func normalized(name string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return c
	}, strings.ToLower(name))
}

// isInteger reports whether the text is a whole number of any length.
func isInteger(text string) bool {
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
