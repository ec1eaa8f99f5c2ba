package console_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// TestConsole_MalformedQueries sends queries that cannot be read, or that have a parameter of a
// list twice, to every page: none ignores them, and shows or exports everything.
func TestConsole_MalformedQueries(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	for _, rt := range console.Routes() {
		method, path, _ := strings.Cut(rt.Pattern, " ")
		if method != http.MethodGet {
			continue
		}
		path = regexp.MustCompile(`{\w+}`).ReplaceAllString(strings.TrimSuffix(path, "{$}"), "250")
		for _, query := range []string{"q=250%zz", "q=250;status=1", "q=250&q=251", "sort=id&sort=-id", "page=1&page=2", "after=1&after=2"} {
			if a := p.get(path + "?" + query); a.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s?%s: status %d", path, query, a.StatusCode)
			}
		}
	}
}

// TestConsole_InexactSelections sends selections that cannot be kept whole to every page that
// moves, changes or exports SIMs: each refuses them, because it would take other SIMs than were
// selected.
func TestConsole_InexactSelections(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	many := make([]string, 1501)
	for i := range many {
		many[i] = strconv.Itoa(10_000 + i)
	}
	full := strings.Join(many, ",")
	for _, query := range []string{
		"sel=250,25x", "sel=x", "all=1&sel=25x", "all=1&sel=" + full, "sel=" + full, "status=99", "status=active", "device=nome",
		"sim=250&sim=x", "all=1&rows=250,x", "q=" + strings.Repeat("1", 101),
	} {
		before := s.Dump()
		for _, path := range []string{"/sims/export?", "/sims/status?", "/move?"} {
			p.get(path+query).is(t, http.StatusUnprocessableEntity).lacks(t, kit.ICCID(kit.AttachedSIM))
		}
		key := p.get(simPage(kit.AttachedSIM)).once(t)
		p.post("/move", "once", key, "from", "selection", "list", query).is(t, http.StatusUnprocessableEntity)
		form := []string{"once", key, "to", "suspended"}
		for pair := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			form = append(form, name, value)
		}
		p.post("/sims/status", form...).is(t, http.StatusUnprocessableEntity)
		if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" {
			t.Errorf("%s: something changed (-before +after):\n%s", query, diff)
		}
	}
	p.get("/sims/export?sel=250,&status=0&status=").is(t, http.StatusOK)
}
