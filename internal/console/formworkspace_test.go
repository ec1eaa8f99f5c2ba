package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// ofWorkspace returns a form that would take effect, from a page of a Workspace.
func ofWorkspace(pattern string, ws fleet.WorkspaceID) (path string, form url.Values) {
	_, path = filled(pattern)
	form = url.Values{"once": {uuid.NewString()}, "of-workspace": {fmt.Sprint(ws)}}
	if fields := lateFields[pattern]; fields != nil {
		path = fields[0]
		for i := 1; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
	}
	return path, form
}

// A form from a page of one Workspace changes nothing after the user has switched to another in a
// second tab: the page says which Workspace it was for, and leads back there.
func TestConsole_FormsOfAnotherWorkspace(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	p.post("/switch", "workspace", "200").leads(t, "/overview")
	before := s.Dump()
	tried := 0
	for _, rt := range console.Routes() {
		method, _ := filled(rt.Pattern)
		if method != http.MethodPost || rt.Need == identity.Public || rt.Need == identity.WriteOwn || rt.Need == identity.SwitchWorkspace {
			continue
		}
		tried++
		for ws, want := range map[fleet.WorkspaceID]string{kit.FleetDE: "Switch back to Fleet DE", 4711: "of which you are not a member"} {
			path, form := ofWorkspace(rt.Pattern, ws)
			a := p.send(p.request(http.MethodPost, path, form))
			if a.StatusCode != http.StatusConflict || !strings.Contains(a.Text, want) {
				t.Errorf("%s, of Workspace %d: status %d, without %q", rt.Pattern, ws, a.StatusCode, want)
			}
		}
	}
	if diff := before.Diff(s.Dump(), kit.Counters...); tried < 25 || diff != "" {
		t.Errorf("%d forms changed (-before +after):\n%s", tried, diff)
	}
	path, form := ofWorkspace("POST /people/tokens", kit.FleetFR)
	p.send(p.request(http.MethodPost, path, form)).is(t, http.StatusOK).has(t, "late")
	_, form = ofWorkspace("POST /people/invite", kit.FleetDE)
	req := p.request(http.MethodPost, "/people/invite", form)
	req.Header.Set("Referer", s.URL+"/people")
	a := p.send(req).is(t, http.StatusConflict).has(t, "You filled it in for Fleet DE. Meanwhile you switched to Fleet FR", `name="next" value="/people"`)
	p.post("/switch", "workspace", "100", "next", "/people").leads(t, "/people")
	if !strings.Contains(a.Text, `action="/switch"`) {
		t.Error("the page has no form to switch back")
	}
}
