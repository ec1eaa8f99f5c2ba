package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// twoSources defines users of one side only, and a device of Workspace 200.
const twoSources = `
users:
  - {id: 41, username: source@example.com, name: Of one source, password: correct horse, default_workspace: 100, roles: {100: administrator}}
  - {id: 42, username: into@example.com, name: Of the target, password: correct horse, default_workspace: 300, roles: {300: administrator}}
devices:
  - {id: 9301, workspace: 200, name: device-of-200}
`

// migratedFromTwo moves two SIMs of Workspace 100 and one of 200 together, and renames their
// devices afterwards. It returns the path of the ledger entry.
func migratedFromTwo(s *kit.Server, before ...func()) (entry string) {
	s.T.Helper()
	s.Seed(twoSources)
	for _, do := range before {
		do()
	}
	admin := s.As("admin@example.com")
	admin.In(kit.FleetFR).Patch("/api/v1/endpoint/9301", fmt.Sprintf(`{"sim": {"id": %d}}`, kit.SIMInFR)).Is(http.StatusNoContent)
	moved := admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}, {"id": %d}, {"id": %d}], "auto_detach_devices": true, "dry_run": false}`, kit.FleetUS, kit.AttachedSIM, kit.SIMInFR, kit.ActivatedSIM))
	admin.In(kit.FleetFR).Patch("/api/v1/endpoint/9301", `{"name": "later-name-of-200"}`).Is(http.StatusNoContent)
	admin.Patch(deviceURL(kit.DeviceWithSIM), `{"name": "later-name-of-100"}`).Is(http.StatusNoContent)
	return moved.Is(http.StatusOK).Header.Get("Location")
}

// ofTheOtherSource matches what only the members of Workspace 200 and of the target may see. A
// number must not be a part of a longer one, nor of a request id, which is random.
var ofTheOtherSource = regexp.MustCompile(`898830300000000026|295050000000260|423660000000260|of-200|Fleet FR|(^|[^0-9a-z-])9301([^0-9a-z-]|$)|"id": ?260,"iccid|SIM 260`)

// inPaths are ids that a reader could try in a path, by the place.
var inPaths = map[string][]string{
	"{sim_id}": {"250", "251", "260"}, "{endpoint_id}": {"9001", "9301"}, "{user_id}": {"my", "1", "2", "4", "42"}, "{profile_id}": {"1"},
	"{token_id}": {"1"}, "{bic}": {"1234567890123456"}, "{key_id}": {"1"}, "{device_id}": {"1"}, "{workspace_id}": {"100", "200", "300"}, "{role_id}": {"1"}, "{job_id}": {"1"}, "{offer_id}": {"1"}, "{request_id}": {"1"}, "{inquiry_id}": {"1"},
}

// paths returns all paths of an operation that reads.
func paths(t *testing.T, pattern, entry string) []string {
	t.Helper()
	all := []string{""}
	for _, part := range strings.Split(strings.TrimPrefix(pattern, "GET /"), "/") {
		values := []string{part}
		switch {
		case part == "{migration_id}":
			values = []string{strings.TrimPrefix(entry, "/api/v1/migration/")}
		case strings.HasPrefix(part, "{"):
			if values = inPaths[part]; values == nil {
				t.Errorf("%s: say in inPaths what goes into %s", pattern, part)
			}
		}
		var longer []string
		for _, head := range all {
			for _, v := range values {
				longer = append(longer, head+"/"+v)
			}
		}
		all = longer
	}
	return all
}

// No reading operation shows a member of one source anything of the other source.
func TestLedgerHidesOtherSources(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		entry := migratedFromTwo(s, func() {
			_, j := jobOf(t, s, s.As("admin@example.com"), selecting(kit.AttachedSIM, kit.SIMInFR))
			isJob(t, j, "planned", "1 planned, 1 refused")
			if j.ID != 1 {
				t.Fatalf("the job is %d: put it into inPaths", j.ID)
			}
			if _, err := s.Import("id,iccid,workspace,issuer\n269,8988303000000000269,200,1\n"); err != nil {
				t.Fatal(err)
			}
			fr := s.As("admin@example.com").In(kit.FleetFR)
			if offer := madeOffer(t, fr, fr.In(kit.FleetUS), 269); offer != offers+"/1" {
				t.Fatalf("the offer is %s: put it into inPaths", offer)
			}
			if request := asked(s, fr.In(kit.FleetUS), kit.SIMInFR); request != "1" {
				t.Fatalf("the request is %s: put it into inPaths", request)
			}
		})
		for name, c := range map[string]*kit.Client{
			"Administrator": s.As("source@example.com"), "Observer": s.As("observer@example.com"), "application token": s.Program(kit.FleetDE),
		} {
			requests := 0
			for _, r := range httpapi.Routes() {
				if !strings.HasPrefix(r.Pattern, "GET ") || r.Need == identity.Public {
					continue
				}
				for _, path := range paths(t, r.Pattern, entry) {
					got := c.Get(path)
					requests++
					if leak := ofTheOtherSource.Find(got.Body); leak != nil && got.Status < 300 {
						t.Errorf("%s of one source: GET %s shows %s: %s", name, path, leak, got.Body)
					}
				}
			}
			if requests < 40 {
				t.Errorf("%d requests", requests)
			}
		}
		if got := s.As("into@example.com").Get(entry).Is(http.StatusOK); !ofTheOtherSource.Match(got.Body) {
			t.Errorf("the target does not see what came from 200: %s", got.Body)
		}
	})
}

// What an entry, its list and its audit entry show to each side.
func TestLedgerBySide(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		entry := migratedFromTwo(s)
		part := "2 SIMs of [{100 Fleet DE 2 role}]: 250 in tracker-7, 251"
		whole := "3 SIMs of [{100 Fleet DE 2 role} {200 Fleet FR 1 role}]: 250 in tracker-7, 260 in device-of-200, 251"
		for username, want := range map[string]string{
			"source@example.com": part, "observer@example.com": part, "into@example.com": whole, "admin@example.com": whole, "root@example.com": whole,
			"target@example.com": whole, // who belongs to both sources
		} {
			c := s.As(username)
			if got := entryText(c, entry); got != want {
				t.Errorf("%s sees %s\nwant %s", username, got, want)
			}
			var list []api.Migration
			c.Get("/api/v1/migration").Is(http.StatusOK).JSON(&list)
			if got := fmt.Sprintf("%d SIMs of %v", list[0].SIMCount, list[0].SourceWorkspaces); !strings.HasPrefix(want, got+":") {
				t.Errorf("%s lists %s", username, got)
			}
		}
		if got := entryText(s.Program(kit.FleetDE), entry); got != part {
			t.Errorf("a program sees %s", got)
		}
		for username, counts := range map[string]bool{"source@example.com": false, "into@example.com": true} {
			var list []api.AuditEntry
			s.As(username).Get("/api/v1/audit?q=action:sim.migrated").Is(http.StatusOK).JSON(&list)
			if len(list) != 1 || strings.Contains(string(list[0].Detail), `"sims":3`) != counts {
				t.Errorf("%s audits %+v", username, list)
			}
		}
		// An older version has not kept the name of the device.
		s.Exec("UPDATE ledger_lines SET device_name = NULL")
		for username, want := range map[string]string{
			"source@example.com": "250 in later-name-of-100, 251", "into@example.com": "250 in , 260 in , 251", "admin@example.com": "250 in later-name-of-100, 260 in later-name-of-200, 251",
		} {
			if got := entryText(s.As(username), entry); !strings.HasSuffix(got, ": "+want) {
				t.Errorf("%s sees the older lines %s, want %s", username, got, want)
			}
		}
	})
}

func entryText(c *kit.Client, entry string) string {
	c.T.Helper()
	var m api.Migration
	c.Get(entry).Is(http.StatusOK).JSON(&m)
	lines := make([]string, len(m.SIMs))
	for i, l := range m.SIMs {
		lines[i] = fmt.Sprint(l.ID)
		if l.Before.Endpoint != nil {
			lines[i] += " in " + l.Before.Endpoint.Name
		}
	}
	return fmt.Sprintf("%d SIMs of %v: %s", m.SIMCount, m.SourceWorkspaces, strings.Join(lines, ", "))
}
