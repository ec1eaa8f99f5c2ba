package httpx_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// things is a list of 250 things, which have an id only.
var things = fleet.ListSpec{
	Fields: []fleet.ListField{{Name: "id", Kind: fleet.IntegerField}, {Name: "name", Kind: fleet.TextField}}, DefaultSort: fleet.Order{Field: "id"},
	PerPage: 100, MaxPerPage: 200,
}

const countOfThings = 250

// serveThings serves a page of things.
func serveThings(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
	if err := r.CheckQuery("own_parameter"); err != nil {
		return httpx.Response{}, err
	}
	l, err := r.List(things)
	if err != nil {
		return httpx.Response{}, err
	}
	page, offset := l.At(countOfThings)
	if l.After != nil {
		page, offset = 1, int(*l.After)
	}
	p := fleet.Page[int64]{Total: countOfThings, Page: page, PerPage: l.PerPage}
	for id := offset + 1; id <= min(offset+l.PerPage, countOfThings); id++ {
		p.Items = append(p.Items, int64(id))
	}
	if l.After != nil {
		p.Total -= offset
	}
	return httpx.OnPage(r, l, p, func(id int64) int64 { return id }, httpx.JSON(http.StatusOK, len(p.Items))), nil
}

func TestPaging(t *testing.T) {
	const at = "/api/v1/thing/1"
	for query, want := range map[string]map[string]string{
		"": {
			"X-Count-Per-Page": "100", "X-Current-Page": "1", "X-Total-Count": "250", "X-Total-Pages": "3", "X-Sort": "id", "X-Next": "100",
			"Link": "<" + at + `?page=1&per_page=100>; rel="first", <` + at + `?page=2&per_page=100>; rel="next", <` + at + `?page=3&per_page=100>; rel="last"`,
		},
		"?page=2&per_page=50": {
			"X-Count-Per-Page": "50", "X-Current-Page": "2", "X-Total-Pages": "5", "X-Next": "100",
			"Link": "<" + at + `?page=1&per_page=50>; rel="first", <` + at + `?page=1&per_page=50>; rel="prev", <` + at +
				`?page=3&per_page=50>; rel="next", <` + at + `?page=5&per_page=50>; rel="last"`,
		},
		"?page=3":              {"X-Current-Page": "3", "X-Next": ""},
		"?page=99":             {"X-Current-Page": "3"},
		"?page=0":              {"X-Current-Page": "1"},
		"?page=-1&per_page=-1": {"X-Current-Page": "1", "X-Count-Per-Page": "100"},
		"?per_page=1000":       {"X-Count-Per-Page": "200", "X-Total-Pages": "2"},
		"?per_page=%207%20":    {"X-Count-Per-Page": "7"},
		"?sort=-id,name":       {"X-Sort": "-id,name", "X-Next": ""},
		"?q=name:a|b,id:1":     {"X-Filter": "name:a|b,id:1", "X-Total-Count": "250"},
		"?q=name:%C3%A9%0D%0AX": {
			"X-Filter": "name:X", // no line break, and ASCII only
		},
		"?q=name:" + strings.Repeat("x", 1500): {"X-Filter": ""},
		"?q=name:" + strings.Repeat("x", 700): { // four links are too long
			"Link": "<" + at + "?page=2&per_page=100&q=name%3A" + strings.Repeat("x", 700) + `>; rel="next"`,
		},
		"?q=name:" + strings.Repeat("x", 3000): {"Link": ""},
		"?after=200": {
			"X-Next": "", "X-Total-Count": "50",
			"Link": "<" + at + `?per_page=100>; rel="first"`,
		},
		"?after=20": {
			"X-Next": "120",
			"Link":   "<" + at + `?per_page=100>; rel="first", <` + at + `?after=120&per_page=100>; rel="next"`,
		},
	} {
		t.Run(query[:min(40, len(query))], func(t *testing.T) {
			r := newRequest(t, "GET", query, "")
			res := serve(t, httpx.Options{}, r, serveThings)
			if res.Code != http.StatusOK {
				t.Fatalf("status %d", res.Code)
			}
			for name, value := range want {
				if diff := cmp.Diff(value, res.Header().Get(name)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestQueries(t *testing.T) {
	for query, want := range map[string]string{
		"?own_parameter=1&unknown=2": "",
		"?PAGE=2":                    "PAGE: unknown parameter; write it exactly as page",
		"?perPage=2":                 "perPage: unknown parameter; write it exactly as per_page",
		"?q[]=id:1":                  "q[]: unknown parameter; write it exactly as q",
		"?filter=id:1":               "filter: unknown parameter; write it exactly as q",
		"?own-parameter=1":           "own-parameter: unknown parameter; write it exactly as own_parameter",
		"?page=1&page=2":             "page: it is given 2 times; send it once",
		"?page=x":                    "page: it must be a whole number",
		"?page=%20":                  "page: it must be a whole number",
		"?per_page=%09":              "per_page: it must be a whole number",
		"?per_page=1.5":              "per_page: it must be a whole number",
		"?q=%zz":                     `query string: "%zz" is not a percent-encoded byte; write a percent sign as %25`,
		"?q=id:1;page=2":             "query string: it contains a semicolon; separate parameters with & and write a semicolon as %3B",
		"?after=x":                   `after: it must be the id of the last item read, as X-Next gives it, not "x"`,
		"?after=1&page=2":            "after: it replaces page: leave page out",
		"?after=1&sort=name":         "after: it works only in a list sorted by id: use sort=id or sort=-id",
	} {
		t.Run(query, func(t *testing.T) {
			serve(t, httpx.Options{}, newRequest(t, "GET", query, ""), func(s *httpx.Server, r *httpx.Request) (httpx.Response, error) {
				res, err := serveThings(s, r)
				if message := refused(err); message != want {
					t.Errorf("got %q (%v), want %q", message, err, want)
				}
				return res, err
			})
		})
	}
}

// The paths of Link and Location become addresses below the public URL, and its path is accepted in
// requests.
func TestPublicURL(t *testing.T) {
	o := httpx.Options{PublicURL: "https://sims.example/fleet/"}
	for _, path := range []string{"/api/v1/thing/1", "/fleet/api/v1/thing/1"} {
		r := newRequest(t, "GET", "", "")
		r.URL.Path = path
		res := serve(t, o, r, func(s *httpx.Server, r *httpx.Request) (httpx.Response, error) {
			res, err := serveThings(s, r)
			res.Set("Location", "/api/v1/thing/2")
			return res, err
		})
		if got, want := res.Header().Get("Location"), "https://sims.example/fleet/api/v1/thing/2"; got != want {
			t.Errorf("%s: Location %q, want %q", path, got, want)
		}
		if got := res.Header().Get("Link"); strings.Count(got, "<https://sims.example/fleet/api/v1/thing/1?") != 3 {
			t.Errorf("%s: Link %q", path, got)
		}
	}
	got := httpx.New(o).Document([]byte("openapi: 3.1.0\nservers:\n  - url: /\n"))
	if want := "openapi: 3.1.0\nservers:\n  - url: \"https://sims.example/fleet\"\n"; string(got) != want {
		t.Errorf("document %q, want %q", got, want)
	}
}
