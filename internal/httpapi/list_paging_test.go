package httpapi_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/test/kit"
)

// standing is the position of a page in its list, from its headers.
type locations struct {
	Items, PerPage, Page, Total, Pages int
	Sort, Filter                       string
	Links                              map[string]int // the page that each relation leads to
}

var linkValue = regexp.MustCompile(`^<([^>]*)>; rel="([a-z]+)"$`)

// whereIs reads the headers of a list, and checks its links against RFC 8288: each leads to the
// same list, one page of it.
func whereIs(a *kit.Answer) locations {
	a.T.Helper()
	var items []any
	a.Is(http.StatusOK).JSON(&items)
	number := func(name string) int {
		n, err := strconv.Atoi(a.Header.Get(name))
		if err != nil {
			a.T.Errorf("%s: %v", name, err)
		}
		return n
	}
	w := locations{
		Items: len(items), PerPage: number("X-Count-Per-Page"), Page: number("X-Current-Page"), Total: number("X-Total-Count"),
		Pages: number("X-Total-Pages"), Sort: a.Header.Get("X-Sort"), Filter: a.Header.Get("X-Filter"), Links: make(map[string]int),
	}
	_, target, _ := strings.Cut(a.Request, " ")
	asked, err := url.Parse(target)
	if err != nil {
		a.T.Fatal(err)
	}
	if a.Header.Get("Link") == "" && len(asked.RawQuery) > 1000 {
		return w // its links would be too long for a header
	}
	for _, value := range strings.Split(a.Header.Get("Link"), ", ") {
		m := linkValue.FindStringSubmatch(value)
		if m == nil {
			a.T.Fatalf("Link: %q", value)
		}
		u, err := url.Parse(m[1])
		if err != nil || u.Path != asked.Path || u.Query().Get("q") != asked.Query().Get("q") || u.Query().Get("sort") != asked.Query().Get("sort") ||
			u.Query().Get("per_page") != strconv.Itoa(w.PerPage) {
			a.T.Errorf("%s leads to %s (%v)", m[2], m[1], err)
		}
		w.Links[m[2]], _ = strconv.Atoi(u.Query().Get("page"))
	}
	return w
}

func TestPaging(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("admin@example.com") // the Workspace has 605 SIMs
		one := map[string]int{"first": 1, "last": 1}
		for query, want := range map[string]locations{
			"":                                       {Items: 605, PerPage: 2000, Page: 1, Total: 605, Pages: 1, Links: one},
			"per_page=0":                             {Items: 605, PerPage: 2000, Page: 1, Total: 605, Pages: 1, Links: one},
			"per_page=-1":                            {Items: 605, PerPage: 2000, Page: 1, Total: 605, Pages: 1, Links: one},
			"per_page=2500":                          {Items: 605, PerPage: 2500, Page: 1, Total: 605, Pages: 1, Links: one},
			"per_page=2501":                          {Items: 605, PerPage: 2500, Page: 1, Total: 605, Pages: 1, Links: one},
			"per_page=99999999999999999999":          {Items: 605, PerPage: 2500, Page: 1, Total: 605, Pages: 1, Links: one},
			"per_page=1":                             {Items: 1, PerPage: 1, Page: 1, Total: 605, Pages: 605, Links: map[string]int{"first": 1, "next": 2, "last": 605}},
			"per_page=100":                           {Items: 100, PerPage: 100, Page: 1, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "next": 2, "last": 7}},
			"per_page=100&page=0":                    {Items: 100, PerPage: 100, Page: 1, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "next": 2, "last": 7}},
			"per_page=100&page=-3":                   {Items: 100, PerPage: 100, Page: 1, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "next": 2, "last": 7}},
			"per_page=100&page=4":                    {Items: 100, PerPage: 100, Page: 4, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "prev": 3, "next": 5, "last": 7}},
			"per_page=100&page=7":                    {Items: 5, PerPage: 100, Page: 7, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "prev": 6, "last": 7}},
			"per_page=100&page=8":                    {Items: 5, PerPage: 100, Page: 7, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "prev": 6, "last": 7}},
			"per_page=100&page=99999999999999999999": {Items: 5, PerPage: 100, Page: 7, Total: 605, Pages: 7, Links: map[string]int{"first": 1, "prev": 6, "last": 7}},
			"per_page=121":                           {Items: 121, PerPage: 121, Page: 1, Total: 605, Pages: 5, Links: map[string]int{"first": 1, "next": 2, "last": 5}},
			"sort=-ICCID,Status":                     {Items: 605, PerPage: 2000, Page: 1, Total: 605, Pages: 1, Sort: "-iccid,status", Links: one},
			"q=status:0|1,iccid:89":                  {Items: 603, PerPage: 2000, Page: 1, Total: 603, Pages: 1, Filter: "status:0|1,iccid:89", Links: one},
			"q=ICCID:8988303000000001&per_page=50&page=2": {Items: 50, PerPage: 50, Page: 2, Total: 600, Pages: 12, Filter: "iccid:8988303000000001", Links: map[string]int{"first": 1, "prev": 1, "next": 3, "last": 12}},
		} {
			if want.Sort == "" {
				want.Sort = "id"
			}
			if diff := cmp.Diff(want, whereIs(c.Get("/api/v1/sim?"+query))); diff != "" {
				t.Errorf("?%s (-want +got):\n%s", query, diff)
			}
		}
	})
}

// Following the links returns every item once.
func TestFollowTheLinks(t *testing.T) {
	c := kit.StartFerry(t, kit.SQLite).As("admin@example.com")
	next, seen := "/api/v1/sim?per_page=100&sort=-iccid&q=status:0", 0
	for next != "" {
		a := c.Get(next)
		seen += whereIs(a).Items
		next = ""
		for _, value := range strings.Split(a.Header.Get("Link"), ", ") {
			if m := linkValue.FindStringSubmatch(value); m[2] == "next" {
				next = m[1]
			}
		}
	}
	if seen != 601 {
		t.Errorf("%d SIMs, want 601", seen)
	}
}

func TestContract_LenientPaging(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := kit.StartFerry(t, e).As("admin@example.com")
		for _, query := range []string{"page=0&per_page=-7", "page=-3&per_page=0", "page=-99999999999999999999&_=1"} {
			want := locations{Items: 605, PerPage: 2000, Page: 1, Total: 605, Pages: 1, Sort: "id", Links: map[string]int{"first": 1, "last": 1}}
			if diff := cmp.Diff(want, whereIs(c.Get("/api/v1/sim?"+query))); diff != "" {
				t.Errorf("?%s (-want +got):\n%s", query, diff)
			}
		}
	})
}

func TestContract_EmptyListPage(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		for path, want := range map[string]locations{
			"/api/v1/sim?q=id:999":         {PerPage: 2000, Sort: "id", Filter: "id:999"},
			"/api/v1/sim?q=id:999&page=7":  {PerPage: 2000, Sort: "id", Filter: "id:999"},
			"/api/v1/event?q=id:0":         {PerPage: 100, Sort: "-id", Filter: "id:0"},
			"/api/v1/sim/999/event?page=2": {PerPage: 100, Sort: "-id"},
			"/api/v1/migration":            {PerPage: 100, Sort: "-id"},
		} {
			want.Page, want.Pages, want.Links = 1, 1, map[string]int{"first": 1, "last": 1}
			a := s.As("stranger@example.com").Get(path)
			if diff := cmp.Diff(want, whereIs(a)); diff != "" || string(a.Body) != "[]" {
				t.Errorf("%s: %s (-want +got):\n%s", path, a.Body, diff)
			}
		}
	})
}

func TestContract_DefaultSort(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := busy(t, e).As("observer@example.com")
		for path, want := range map[string]string{"/api/v1/sim": "id", "/api/v1/event": "-id", simURL(kit.IssuedSIM) + "/event": "-id", "/api/v1/migration": "-id"} {
			if got := whereIs(c.Get(path)).Sort; got != want {
				t.Errorf("%s is sorted by %s, want %s", path, got, want)
			}
			plain, sorted := listed(c, path, nil), listed(c, path, sort(want))
			if diff := cmp.Diff(sorted, plain); diff != "" || len(plain) < 2 {
				t.Errorf("%s without sort, and by %s:\n%s", path, want, diff)
			}
		}
	})
}
