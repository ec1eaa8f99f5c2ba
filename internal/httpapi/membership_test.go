package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// ownMemberships: Observers find all their Workspaces, which the list of administered ones
// leaves out.
func TestContract_OwnMemberships(t *testing.T) { kit.OnEach(t, ownMemberships) }

func ownMemberships(t *testing.T, e kit.Engine) {
	t.Helper()
	s := kit.StartFerry(t, e)
	roles := func(c *kit.Client, path string) map[int64]string {
		var list []api.UserWorkspace
		c.Get(path).Is(http.StatusOK).JSON(&list)
		found := make(map[int64]string)
		for _, w := range list {
			for _, role := range w.Roles {
				found[w.ID] += role.Name
			}
		}
		return found
	}
	for username, want := range map[string]map[int64]string{
		"observer@example.com": {kit.FleetDE: "Observer"},
		"user@example.com":     {kit.FleetDE: "User", kit.FleetFR: "User"},
	} {
		c := s.As(username)
		if diff := cmp.Diff(want, roles(c, "/api/v2/user/my/membership")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", username, diff)
		}
		if got := roles(c, "/api/v2/user/my/workspace"); len(got) != 0 {
			t.Errorf("%s administers %v", username, got)
		}
	}
	admin := s.As("admin@example.com")
	all := roles(admin, "/api/v2/user/my/membership")
	for id, role := range roles(admin, "/api/v2/user/my/workspace") {
		if all[id] != role {
			t.Errorf("Workspace %d: %q, administered as %q", id, all[id], role)
		}
	}
}
