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
		for _, query := range []string{
			"q=250%zz", "q=250;status=1", "q=250&q=251", "sort=id&sort=-id", "page=1&page=2", "after=1&after=2", "show=open&show=all", "reference=A&reference=B",
			"source=100&source=200", "target=100&target=200", "user=a&user=b", "from=2026-01-01&from=2026-02-01", "until=2026-01-01&until=2026-02-01",
			"days=30&days=90", "action=a&action=b", "outcome=done&outcome=refused", "device=none&device=", "mine=1&mine=0",
		} {
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

// TestConsole_InexactLedgerExports sends filters that cannot be read to the export of the ledger:
// the file would have entries that were not asked for.
func TestConsole_InexactLedgerExports(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	for _, query := range []string{
		"source=x", "source=-1", "target=100x", "sim=x", "from=2026-13-01", "from=yesterday", "until=2026-02-30", "dir=up", "days=7", "days=x",
		"q=" + strings.Repeat("1", 200), "user=" + strings.Repeat("a", 200),
	} {
		p.get("/ledger/export?"+query).is(t, http.StatusUnprocessableEntity)
	}
	for _, query := range []string{"", "q=&source=&dir=&days=&from=", "dir=out&days=30", "source=100&sim=250&from=2026-01-01", "user=admin@example.com&q=+x+"} {
		p.get("/ledger/export?"+query).is(t, http.StatusOK)
	}
}

// TestConsole_UnknownChoices sends values that a parameter with few values does not have: no page
// ignores them, because it would show more than was asked for.
func TestConsole_UnknownChoices(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	j := s.As("admin@example.com").Post("/api/v1/migration_job", map[string]any{
		"target_workspace": map[string]any{"id": kit.FleetFR}, "select": map[string]any{"sims": []any{map[string]any{"id": kit.IssuedSIM}}},
	}).Is(http.StatusCreated).Header.Get("Location")
	job := "/jobs/" + j[strings.LastIndexByte(j, '/')+1:]
	for page, parameters := range map[string][]string{
		"/sims": {"status", "device", "sort", "per"}, "/devices": {"sim", "status"}, "/jobs": {"show", "mine"}, job: {"show"}, "/ledger": {"dir", "days", "source", "target", "sim", "from", "until"},
		"/audit": {"action", "outcome", "days"}, "/approvals": {"show"}, "/offers": {"show"},
	} {
		p.get(page).is(t, http.StatusOK)
		for _, name := range parameters {
			p.get(page+"?"+name+"=").is(t, http.StatusOK)
			p.get(page+"?"+name+"=nonsense").is(t, http.StatusUnprocessableEntity)
		}
	}
}
