package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// A value of the wrong type is refused with the expected type and its path in the common
// notation: sims[0].id.
func TestWrongTypesNameTheRightOne(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	elsewhere := regexp.MustCompile(`(^|[a-z])\.\d|^\d|item \d|wrong type|Go |\*?json`)
	for _, c := range []struct{ request, body, want string }{
		{"POST " + migration, `{"target_workspace": 5}`, `target_workspace: it must be an object such as {"id": 1}, not a number`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": 5}`, kit.FleetFR), `sims: it must be a list, in [ ], not a number`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1}, 5]}`, kit.FleetFR), `sims[1]: it must be an object such as {"id": 1}, not a number`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1, "id": 2}]}`, kit.FleetFR), `sims[0].id: duplicate property`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "iccids": ["1", 5]}`, kit.FleetFR), `iccids[1]: it must be a text, in quotes, not a number`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "iccid_range": [1]}`, kit.FleetFR), `iccid_range: it must be an object, in { }, not a list`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "iccid_range": {"start": 5}}`, kit.FleetFR), `iccid_range.start: it must be a text`},
		{"POST " + migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "dry_run": "no"}`, kit.FleetFR), `dry_run: it must be true or false, not a text`},
		{"POST " + migration, `[]`, `the body: it must be an object, in { }, not a list`},
		{"POST /api/v2/endpoint/multi", `[{"name": "x"}, {"name": 5}]`, `[1].name: it must be a text`},
		{"DELETE /api/v1/sim/multi", `[5]`, `[0]: it must be an object such as {"id": 1}`},
		{"POST /api/v2/user/invitation", `{"username": "a@b.example", "roles": [{"id": 1}, {}]}`, `roles[1].id: it is required`},
		{"POST /api/v2/user/invitation", `{"username": "a@b.example", "roles": [5]}`, `roles[0]: it must be an object`},
		{"POST /api/v1/logout", `{"everywhere": 5}`, `everywhere: it must be true or false, not a number`},
		{"POST /api/v1/application_token", `{"description": {}}`, `description: it must be a text, in quotes, not an object`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		var got api.Error
		admin.Do(method, path, c.body).Is(http.StatusBadRequest).JSON(&got)
		if !strings.HasPrefix(got.Message, c.want) || elsewhere.MatchString(got.Message) {
			t.Errorf("%s %s: %s, want %s", c.request, c.body, got.Message, c.want)
		}
	}
}
