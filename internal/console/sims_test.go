package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

var rowLink = regexp.MustCompile(`href="/sims/(\d+)"`)

// rows returns the ids of the SIMs of a page, in its order.
func (a answer) rows() (ids []string) {
	for _, m := range rowLink.FindAllStringSubmatch(a.Text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// A SIM is found by what a person knows of it.
func TestConsole_Search(t *testing.T) {
	p := newSite(t, console.Options{}).as(t, "admin@example.com")
	for words, want := range map[string]string{
		kit.ICCID(kit.AttachedSIM): "250",
		"8988 3030 0000 000025":    "250 251 252 253 254",
		"89883030000000002516":     "251", // with its check digit
		"295050000000253":          "253", // IMSI
		"+423 660 000 000 254":     "254", // phone number
		"tracker-7":                "250",
		"track":                    "250",
		"nothing":                  "",
		"123":                      "",
		"a,b|c:d":                  "",
		"'; DROP TABLE sims":       "",
		kit.ICCID(kit.DeletedSIM):  "", // deleted
	} {
		a := p.get("/sims?q="+url.QueryEscape(words)).is(t, http.StatusOK)
		if got := strings.Join(a.rows(), " "); got != want {
			t.Errorf("search %q: %q, want %q", words, got, want)
		}
	}
	if got := strings.Join(p.get("/sims?status=2&status=4").rows(), " "); got != "253 254" {
		t.Errorf("by status: %s", got)
	}
	p.get("/sims?status=1&device=none").has(t, "<strong>1</strong> matches", "Activated</b>", "In no device</b>")
	p.get("/sims?status=3").has(t, kit.ICCID(kit.DeletedSIM))
}

// Pages are read by key, forwards and backwards, with exact numbers, in every order.
func TestConsole_Pages(t *testing.T) {
	p := newSite(t, console.Options{}).as(t, "admin@example.com")
	for _, sort := range []string{"id", "-id", "iccid", "-iccid", "status", "endpoint"} {
		var seen []string
		path, pages := "/sims?per=100&sort="+sort, 0
		for path != "" {
			a := p.get(path).is(t, http.StatusOK)
			seen = append(seen, a.rows()...)
			pages++
			path = follow(t, p, a, "next")
		}
		unique := map[string]bool{}
		for _, id := range seen {
			unique[id] = true
		}
		if len(seen) != 605 || len(unique) != 605 || pages != 7 {
			t.Errorf("sorted by %s: %d rows, %d SIMs on %d pages", sort, len(seen), len(unique), pages)
		}
	}
	for _, sort := range []string{"id", "iccid", "-iccid", "status", "endpoint"} {
		a := p.get("/sims?sort=" + sort)
		second := p.get(follow(t, p, a, "next")).has(t, "Rows 26 to 50 of")
		third := p.get(follow(t, p, second, "next")).has(t, "Rows 51 to 75 of")
		back := p.get(follow(t, p, third, "prev")).has(t, "Rows 26 to 50 of")
		if strings.Join(back.rows(), " ") != strings.Join(second.rows(), " ") {
			t.Errorf("sorted by %s, back: %v, want %v", sort, back.rows(), second.rows())
		}
		p.get(follow(t, p, back, "prev")).has(t, "Rows 1 to 25 of")
	}
}

// SIMs that leave before a page do not move it, in any order.
func TestConsole_PagesWhileSIMsLeave(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p := s.as(t, "admin@example.com")
		for _, sort := range []string{"id", "iccid", "-iccid", "status", "endpoint"} {
			first := p.get("/sims?per=50&sort="+sort).is(t, http.StatusOK)
			next := follow(t, p, first, "next")
			want := p.get(next).is(t, http.StatusOK).rows()
			id, _ := strconv.ParseInt(first.rows()[49], 10, 64)
			s.move(kit.FleetFR, id)
			if got := p.get(next).is(t, http.StatusOK).rows(); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("sorted by %s: %v, before the move %v", sort, got, want)
			}
		}
	})
}

var formField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// list returns the fields of the form around the rows, with the boxes as they are.
func (a answer) list() url.Values {
	_, form, _ := strings.Cut(a.Text, `id="list"`)
	form, _, _ = strings.Cut(form, "</form>")
	v := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(form, -1) {
		v.Add(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
	}
	for _, m := range regexp.MustCompile(`name="sim" value="(\d+)" checked`).FindAllStringSubmatch(form, -1) {
		v.Add("sim", m[1])
	}
	return v
}

// follow presses Next or Previous, and returns where it leads; "" if there is none.
func follow(t *testing.T, p *person, a answer, button string) string {
	t.Helper()
	v := a.list()
	if !v.Has(button) {
		return ""
	}
	v.Set("go", button)
	return p.get("/sims?" + v.Encode()).Header.Get("Location")
}

// A selection is kept over pages, without scripts: single SIMs, a page, all that match, and all
// but some.
func TestConsole_Selection(t *testing.T) {
	p := newSite(t, console.Options{}).as(t, "admin@example.com")
	press := func(a answer, button string, change func(url.Values)) answer {
		t.Helper()
		v := a.list()
		v.Set("go", button)
		if change != nil {
			change(v)
		}
		return p.get(p.get("/sims?"+v.Encode()).is(t, http.StatusSeeOther).Header.Get("Location")).is(t, http.StatusOK)
	}
	a := press(p.get("/sims"), "next", func(v url.Values) { v["sim"] = []string{"250", "252"} }).has(t, "2 SIMs are selected.")
	a = press(a, "page", nil).has(t, "27 SIMs are selected.")
	a = press(a, "prev", func(v url.Values) { v["sim"] = v["sim"][1:] }).has(t, "26 SIMs are selected.")
	if got := a.list()["sim"]; strings.Join(got, " ") != "250 252" {
		t.Errorf("back on the first page: %v", got)
	}
	a = press(a, "all", nil).has(t, "All 605 SIMs are selected.")
	a = press(a, "next", func(v url.Values) { v["sim"] = v["sim"][2:] }).has(t, "603 SIMs, except 2.")
	v := a.list()
	csv := p.get("/sims/export?"+v.Encode()).is(t, http.StatusOK)
	if n := strings.Count(csv.Text, "\n"); n != 604 {
		t.Errorf("the export has %d lines", n)
	}
	csv.lacks(t, kit.ICCID(kit.AttachedSIM)).has(t, kit.ICCID(kit.IssuedSIM))
	press(a, "none", nil).has(t, "No SIM is selected.")
	one := p.get("/sims/export?sel=251")
	if n := strings.Count(one.Text, "\n"); n != 2 {
		t.Errorf("the export of one SIM: %q", one.Text)
	}
	if n := strings.Count(p.get("/sims/export?status=2").Text, "\n"); n != 2 {
		t.Errorf("the export of the Suspended SIMs has %d lines", n)
	}
}

// A selection that can name no more SIMs says so.
func TestConsole_FullSelection(t *testing.T) {
	p := newSite(t, console.Options{}).as(t, "admin@example.com")
	ids := make([]string, 1501)
	for i := range ids {
		ids[i] = strconv.Itoa(10_000 + i)
	}
	few, full := strings.Join(ids[:1499], ","), strings.Join(ids, ",")
	p.get("/sims?sel="+few).lacks(t, "A selection names at most")
	p.get("/sims?sel="+full).has(t, "A selection names at most 1,500 SIMs")
	p.get("/sims?all=1&sel="+full).has(t, "At most 1,500 SIMs can be left out.")
}

// Whatever an address says, the list is a page and not an error.
func TestConsole_OddAddresses(t *testing.T) {
	p := newSite(t, console.Options{}).as(t, "observer@example.com")
	for _, q := range []string{
		"after=x", "after=99999999999999999999", "before=1", "page=-1", "page=999999", "per=7", "sort=nope", "status=99&status=x", "sel=a,b,-1,,5",
		"all=1&sel=1", "q=%00", "q=%ff", "column=none", "done=nothing", "rows=1&go=next&next=https://evil.example", "rows=1&go=prev", "device=x", "after=5&before=9",
	} {
		a := p.get("/sims?" + q)
		if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusSeeOther && a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", q, a.StatusCode)
		}
		if to := a.Header.Get("Location"); to != "" && !strings.HasPrefix(to, "/sims") {
			t.Errorf("%s leads to %s", q, to)
		}
	}
}

// A page reads little more than the same request of the API: its session, the Workspaces of the
// user, and totals.
func TestSIMs_Statements(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p, api := s.as(t, "admin@example.com"), s.As("admin@example.com")
		for _, c := range []struct {
			query string
			more  int
		}{{"", 2}, {"?after=1100", 4}, {"?status=0", 4}, {"?status=0&after=1100", 6}} {
			path := "/api/v1/sim?sort=id&per_page=25&" + strings.Replace(strings.TrimPrefix(c.query, "?"), "status=0", "q=status:0", 1)
			base := len(s.Statements(func() { api.Get(path).Is(http.StatusOK) }))
			if n := len(s.Statements(func() { p.get("/sims"+c.query).is(t, http.StatusOK) })); n > base+c.more {
				t.Errorf("/sims%s: %d statements, the API has %d", c.query, n, base)
			}
		}
	})
}

// Values of the database are text in the rows, whatever is in them.
func TestSIMs_RowsEscape(t *testing.T) {
	s := newSite(t, console.Options{})
	s.As("admin@example.com").Patch("/api/v1/endpoint/"+strconv.Itoa(kit.DeviceWithSIM), map[string]any{"name": `<b>"x'&`}).Is(http.StatusNoContent)
	s.as(t, "admin@example.com").get("/sims").has(t, "&lt;b&gt;&#34;x&#39;&amp;").lacks(t, "<b>\"")
}
