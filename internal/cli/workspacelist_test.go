package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// An Observer finds every Workspace of the account and can list each by its name.
func TestObserverListsOwnWorkspaces(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	p := newPerson(t)
	p.login(s.URL, "observer@example.com")
	got := p.run("", "workspaces", "--output", "json")
	var list []api.UserWorkspace
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || len(list) == 0 || list[0].Roles[0].Name != "Observer" {
		t.Fatalf("%v %+v", err, got)
	}
	for _, w := range list {
		if in := p.run("", "sims", "--in", w.Name, "--limit", "1"); in.code != 0 || !strings.Contains(in.out, w.Name) {
			t.Errorf("--in %q: %+v", w.Name, in)
		}
	}
	if table := p.run("", "workspaces"); !strings.Contains(table.out, "Observer") || table.errors != "" {
		t.Errorf("%+v", table)
	}
	if none := p.run("", "sims", "--in", "Nowhere"); none.code == 0 || !strings.Contains(none.errors, `you belong to no Workspace called "Nowhere"`) {
		t.Errorf("%+v", none)
	}
}

// A server without that operation lists what one administers, and the command says so.
func TestWorkspacesOfAPlainServer(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.NewFleet(map[int64]string{100: "Fleet DE", 200: "Fleet FR"}), 100, fakeserver.Options{})
	p := newPerson(t)
	p.login(s.URL, fakeserver.Username)
	if got := p.run("", "workspaces"); !strings.Contains(got.out, "Fleet FR") || !strings.Contains(got.errors, "only the Workspaces that you administer") {
		t.Errorf("%+v", got)
	}
}
