package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// filled replaces the parameters of a pattern by an id that does not exist, so that no form of a
// walk changes anything.
func filled(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	var parts []string
	for part := range strings.SplitSeq(strings.TrimSuffix(path, "{$}"), "/") {
		if strings.HasPrefix(part, "{") {
			part = "999999"
		}
		parts = append(parts, part)
	}
	return method, strings.Join(parts, "/")
}

// walk requests a route with the parameters of filled.
func (p *person) walk(pattern string) answer {
	p.t.Helper()
	method, path := filled(pattern)
	if method == http.MethodGet {
		return p.get(path)
	}
	return p.send(p.request(method, path, url.Values{}))
}

// ends are the forms that end or change the session; they have tests of their own.
var ends = []string{"POST /sign-out", "POST /switch"}

// Every route, without a session and as every role: a page that its permission does not cover is
// refused, and nothing is an internal error.
func TestConsole_Authorization(t *testing.T) {
	s := newSite(t, console.Options{})
	known := map[identity.Permission]bool{identity.Public: true}
	for _, g := range identity.Grants() {
		known[g.Permission] = true
	}
	people := []struct {
		name string
		role fleet.Role
	}{
		{"admin@example.com", fleet.Administrator}, {"user@example.com", fleet.Member}, {"observer@example.com", fleet.Observer},
	}
	stranger := s.person(t)
	for _, rt := range console.Routes() {
		if !known[rt.Need] {
			t.Errorf("%s needs the permission %q, which does not exist", rt.Pattern, rt.Need)
		}
		if a := stranger.walk(rt.Pattern); rt.Need != identity.Public && !strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
			t.Errorf("%s without a session: status %d, to %q", rt.Pattern, a.StatusCode, a.Header.Get("Location"))
		}
	}
	for _, person := range people {
		p := s.as(t, person.name)
		for _, rt := range console.Routes() {
			if slices.Contains(ends, rt.Pattern) {
				continue
			}
			a := p.walk(rt.Pattern)
			switch may := identity.RoleMay(person.role, rt.Need); {
			case a.StatusCode >= http.StatusInternalServerError:
				t.Errorf("%s as %s: status %d", rt.Pattern, person.name, a.StatusCode)
			case !may && a.StatusCode != http.StatusForbidden:
				t.Errorf("%s as %s: status %d, want 403", rt.Pattern, person.name, a.StatusCode)
			case may && a.StatusCode == http.StatusForbidden:
				t.Errorf("%s as %s: status 403", rt.Pattern, person.name)
			}
		}
	}
}

// A SIM of a foreign Workspace looks like one that does not exist.
func TestConsole_ForeignWorkspace(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "stranger@example.com")
	foreign, absent := p.get(simPage(kit.AttachedSIM)).is(t, http.StatusNotFound), p.get("/sims/999999").is(t, http.StatusNotFound)
	strip := func(a answer) string {
		text, _, _ := strings.Cut(a.main(), "Request <code>")
		return text
	}
	if strip(foreign) != strip(absent) {
		t.Errorf("the pages differ:\n%s\n%s", strip(foreign), strip(absent))
	}
	if strip(p.get("/devices/9001").is(t, http.StatusNotFound)) != strip(absent) {
		t.Error("the page of a foreign device differs from one that does not exist")
	}
	p.get("/devices").lacks(t, "tracker-7")
	entry := fmt.Sprintf("/ledger/%d", s.move(kit.FleetFR, kit.ActivatedSIM))
	for _, path := range []string{"", "/export", "/undo", "/undo?set=1&sim=251"} {
		foreign, absent := p.get(entry+path).is(t, http.StatusNotFound), p.get("/ledger/999999"+path).is(t, http.StatusNotFound)
		if strip(foreign) != strip(absent) {
			t.Errorf("the pages of the entry %s differ:\n%s\n%s", path, strip(foreign), strip(absent))
		}
	}
	p.get("/ledger?sim=251").lacks(t, entry).has(t, "No entry matches.")
	p.get("/ledger?source=100").lacks(t, entry, "Fleet DE").has(t, "No entry matches.")
	p.get("/ledger?user=1").lacks(t, entry, "admin@example.com")
	p.get("/ledger/export").is(t, http.StatusOK).lacks(t, "Fleet DE")
	key := p.get(simPage(kit.SIMElsewhere)).once(t)
	p.post(entry+"/undo", "once", key, "set", "1", "count", "1", "confirm", "1", "tag", `"x"`).is(t, http.StatusNotFound)
	key = p.get(simPage(kit.SIMElsewhere)).once(t)
	p.post(simPage(kit.AttachedSIM)+"/status", "once", key, "status", "2").is(t, http.StatusNotFound)
	p.get("/sims?q=8988303000000000250").is(t, http.StatusOK).lacks(t, fmt.Sprintf(`href="/sims/%d"`, kit.AttachedSIM)).has(t, "No SIM matches.")
	p.get("/sims?q=tracker-7").has(t, "No SIM matches.")
	p.post("/switch", "workspace", "100").is(t, http.StatusNotFound)
	p.get("/sims/export?sel=250").is(t, http.StatusOK).lacks(t, kit.ICCID(kit.AttachedSIM))
}

// A draft of the wizard and a job do not exist for others, whatever page or form asks for them.
func TestConsole_ForeignDraftsAndJobs(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	first := p.get("/move?sel=251")
	draft := p.press(first, "/move", "from", "selection").to(t)
	p.options(draft).leads(t, draft+"/preview")
	s.RunJobs()
	start := regexp.MustCompile(`action="(/jobs/\d+)/start"`).FindStringSubmatch(p.get(draft + "/preview").Text)
	if start == nil {
		t.Fatal("the preview has no form to start the job")
	}
	stranger := s.as(t, "stranger@example.com")
	tried := 0
	for _, rt := range console.Routes() {
		method, path, _ := strings.Cut(rt.Pattern, " ")
		for prefix, own := range map[string]string{"/move/{id}": draft, "/jobs/{id}": start[1]} {
			rest, is := strings.CutPrefix(path, prefix)
			if !is {
				continue
			}
			tried++
			form := url.Values{"once": {uuid.NewString()}, "confirm": {"1"}, "cure": {"skip"}, "target": {"900"}}
			if method == http.MethodGet {
				form = nil
			}
			if a := stranger.send(stranger.request(method, own+rest, form)); a.StatusCode != http.StatusNotFound {
				t.Errorf("%s: status %d, want 404", rt.Pattern, a.StatusCode)
			}
		}
	}
	if tried < 12 {
		t.Errorf("only %d routes were tried", tried)
	}
	p.get(draft+"/preview").has(t, "Type 1 to confirm")
}
