package store_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// foreignIDs is the first id of the rows of a Workspace that the callers of these tests cannot
// see. absentIDs is the first of the ids without a row. SQLite's Bloom filters have the same hash
// for both: their distance is a multiple of the filters' size.
const (
	foreignIDs = 5_000_001
	absentIDs  = foreignIDs + 10*80_000
	hiddenSet  = 40
)

// fewSought is the documented number of values that a filter may look up in an index over all
// Workspaces. It equals mostSought.
const fewSought = 10

// hiddenValues has, by field, the format of a value that a row of another Workspace may have. The
// argument of the format is an id.
var hiddenValues = map[string]string{
	"id": "%d", "sim": "%d", "endpoint": "%d", "user": "hidden %d", "application_token": "%d", "migration": "%d", "job": "%d",
	"iccid": "8988303%012d", "iccid_with_luhn": "8988303%012d", "imsi": "29505%010d", "msisdn": "42366%010d", "eid": "8904%010d",
	"customer_org": "%d", "issuer_org": "%d", "reseller_org": "%d", "organisation": "%d", "source_workspace": "%d", "target_workspace": "%d",
	"name": "hidden %d", "username": "hidden%d@example.com", "imei": "35%013d", "ip_address": "10.0.0.%d", "service_profile": "%d", "tariff_profile": "%d",
	"reference": "H-%d", "subject": "%d", "request_id": "r%d", "address": "192.0.2.%d", "tags": "tag%d", "description": "d%d",
}

// noValues are the fields whose values belong to no Workspace.
var noValues = []string{
	"status", "sim_status", "state", "kind", "model", "satellite_capable", "production_date", "created", "last_updated", "expiry_date", "timestamp", "from", "until",
	"type", "event_type", "source", "event_source", "severity", "event_severity", "alert", "network", "rat", "country", "action", "actor", "outcome", "error_code", "subject_type", "verdict", "direction",
}

// sought has, by list, the fields whose values are looked up in an index over all Workspaces. The
// engine reads one more row for each value that another Workspace has; mostSought says why that is
// accepted. More than fewSought values are looked up in the Workspace only.
var sought = map[string][]string{
	"SIMs of an enterprise": {"imsi", "msisdn", "eid"},
	"SIMs of an issuer":     {"imsi", "msisdn", "eid", "iccid", "iccid_with_luhn", "endpoint", "customer_org"},
	"SIMs of a reseller":    {"imsi", "msisdn", "eid", "iccid", "iccid_with_luhn", "endpoint", "customer_org"},
	"devices":               {"imsi"},
	"events":                {"imsi", "iccid", "iccid_with_luhn", "user"},
	"events of a user":      {"imsi", "iccid", "iccid_with_luhn", "user"},
	"events of a SIM":       {"user"},
	"events of a device":    {"user"},
	"audit":                 {"migration"},
}

// hiddenLists are all lists that can be filtered, with more kinds of readers than listPlans has.
func hiddenLists() []listPlan {
	migrationsOf := func(caller store.Caller) func(context.Context, *store.Tx, fleet.List) error {
		return func(ctx context.Context, tx *store.Tx, l fleet.List) error {
			_, err := tx.Migrations(ctx, caller, 100, l)
			return err
		}
	}
	eventsOf := func(of store.EventsOf) func(context.Context, *store.Tx, fleet.List) error {
		return func(ctx context.Context, tx *store.Tx, l fleet.List) error {
			_, err := tx.Events(ctx, 100, of, l)
			return err
		}
	}
	jobsOf := func(caller store.Caller) func(context.Context, *store.Tx, fleet.List) error {
		return func(ctx context.Context, tx *store.Tx, l fleet.List) error {
			_, err := tx.Jobs(ctx, caller, 100, l)
			return err
		}
	}
	return append(slices.Clone(listPlans),
		listPlan{name: "SIMs of a reseller", spec: fleet.SIMList, run: simsOf(fleet.Workspace{ID: storetest.Resale, Type: fleet.ServiceProvider})},
		listPlan{name: "migrations of a user", spec: fleet.MigrationList, run: migrationsOf(store.Caller{User: storetest.Admin})},
		listPlan{name: "events of a SIM", spec: fleet.EventList, run: eventsOf(store.EventsOf{SIM: 1_000_011})},
		listPlan{name: "events of a device", spec: fleet.EventList, run: eventsOf(store.EventsOf{Device: 1_000_011})},
		listPlan{name: "events of a user", spec: fleet.EventList, run: eventsOf(store.EventsOf{User: storetest.Admin})},
		listPlan{name: "jobs of a token", spec: fleet.JobList, run: jobsOf(store.Caller{})},
		listPlan{name: "jobs of a user", spec: fleet.JobList, run: jobsOf(store.Caller{User: storetest.Admin})},
	)
}

// A filter by a value of another Workspace makes the engine do the same work as one by a value that
// does not exist: as many steps (SQLite), or the same plan with the same numbers of rows
// (PostgreSQL). So the response time reveals nothing. Every list, filter, and number of values is
// tried; a new filter must be added to hiddenValues or noValues.
func TestFiltersDoTheSameWork(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{MaxConns: 1})
			if s.Dialect() == store.Postgres {
				keepStatistics(t, url)
			}
			storetest.Load(t, s)
			fillLists(t, url, s.Dialect(), 60)
			fillOthers(t, url, s.Dialect())
			fillHidden(t, url, s.Dialect())
			if s.Dialect() == store.Postgres { // with statistics, a plan may depend on the values
				if _, err := rawSQL(t, url).ExecContext(t.Context(), "ANALYZE"); err != nil {
					t.Fatal(err)
				}
			}
			for _, list := range hiddenLists() {
				for _, f := range list.spec.Fields {
					format := hiddenValues[f.Name]
					if format == "" && !f.NoFilter && !slices.Contains(noValues, f.Name) {
						t.Errorf("%s: add a format for %s to hiddenValues, or add the field to noValues", list.name, f.Name)
					}
					if format == "" || f.NoFilter || f.Kind == fleet.NeverField {
						continue
					}
					counts := []int{1, hiddenSet}
					if slices.Contains(sought[list.name], f.Name) {
						counts = append(counts, fewSought)
					}
					for _, n := range counts {
						if f.Most > 0 {
							n = min(n, f.Most)
						}
						hiddenWork{list, f, format, n}.compare(t, s)
					}
				}
			}
		})
	}
}

// keepStatistics keeps PostgreSQL from collecting statistics on its own: its plans would change
// during a test.
func keepStatistics(t *testing.T, url string) {
	t.Helper()
	const text = "DO $$ DECLARE t record; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP" +
		" EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = off)', t.tablename); END LOOP; END $$"
	if _, err := rawSQL(t, url).ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// Each list that has filters is in hiddenLists.
func TestEveryListIsCompared(t *testing.T) {
	compared := map[string]bool{}
	for _, list := range hiddenLists() {
		for _, f := range list.spec.Fields {
			compared[f.Name] = true
		}
	}
	for _, file := range []string{"lists.go", "job.go"} {
		text, err := os.ReadFile("../fleet/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range regexp.MustCompile(`\{Name: "(\w+)"([^}]*)\}`).FindAllStringSubmatch(string(text), -1) {
			if !compared[field[1]] && !slices.Contains(noValues, field[1]) && !strings.Contains(field[2], "NoFilter") {
				t.Errorf("%s has a filter by %s: add its list to hiddenLists", file, field[1])
			}
		}
	}
}

// hiddenWork is a filter of a list by n values.
type hiddenWork struct {
	list   listPlan
	field  fleet.ListField
	format string
	n      int
}

// compare compares the work of the engine for values of another Workspace and for absent values.
func (h hiddenWork) compare(t *testing.T, s *store.Store) {
	t.Helper()
	absent, foreign := h.work(t, s, absentIDs), h.work(t, s, foreignIDs)
	if h.alike(absent, foreign) {
		return
	}
	t.Errorf("%s, %d of %s: absent (-) and foreign (+) differ:\n%s", h.list.name, h.n, h.field.Name, gocmp.Diff(absent, foreign))
}

func (h hiddenWork) work(t *testing.T, s *store.Store, first int) []store.Worked {
	t.Helper()
	values := make([]string, h.n)
	if h.field.Kind == fleet.IntegerField {
		h.format = "%d"
	}
	for i := range values {
		values[i] = fmt.Sprintf(h.format, first+i)
		if h.field.Kind == fleet.LuhnField {
			values[i] = fleet.ICCID(values[i]).WithLuhn()
		}
	}
	l, err := fleet.ParseList(h.list.spec, h.field.Name+":"+strings.Join(values, "|"), "", "", "3")
	if err != nil {
		t.Fatalf("%s %s: %v", h.list.name, h.field.Name, err)
	}
	work, err := store.Work(t.Context(), s, 15_000, func(tx *store.Tx) error { return h.list.run(t.Context(), tx, l) })
	if err != nil {
		t.Fatalf("%s %s: %v", h.list.name, h.field.Name, err)
	}
	return work
}

// alike reports whether two requests did the same, except for a few steps or one row for each value
// that is sought.
func (h hiddenWork) alike(absent, foreign []store.Worked) bool {
	if h.n > fewSought || !slices.Contains(sought[h.list.name], h.field.Name) {
		return slices.Equal(absent, foreign)
	}
	return slices.EqualFunc(absent, foreign, func(a, f store.Worked) bool {
		return a.Text == f.Text && max(a.Steps-f.Steps, f.Steps-a.Steps) <= mostSteps*h.n && rowsOf.ReplaceAllString(a.Plan, "") == rowsOf.ReplaceAllString(f.Plan, "")
	})
}

// rowsOf are the numbers of rows in a plan.
var rowsOf = regexp.MustCompile(`rows=\d+|loops=\d+|never executed|\n *Rows Removed by [\w ]+: \d+|Memory: \d+kB|\n *(Hits|Heap Fetches): .*`)

// mostSteps is how many steps of a statement a value of others may cost: SQLite reads a thousand
// for an empty list. Searches of SIMs are within 2, names of users within 12.
const mostSteps = 12

// fillHidden adds some of everything, numbered from foreignIDs, to Workspaces that the callers of
// these tests cannot see.
func fillHidden(t *testing.T, url string, d store.Dialect) {
	t.Helper()
	over := map[store.Dialect]string{store.Postgres: "OVERRIDING SYSTEM VALUE"}[d]
	all := fmt.Sprintf("(WITH RECURSIVE g (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) g", foreignIDs, foreignIDs+hiddenSet-1)
	digits := func(width int) string {
		if d == store.Postgres {
			return fmt.Sprintf("lpad(g.n::text, %d, '0')", width)
		}
		return fmt.Sprintf("printf('%%0%dd', g.n)", width)
	}
	line := "INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after) SELECT g.n, %[1]d, g.n, %[1]d, g.n, g.n, 0, 0 FROM {all}"
	texts := strings.NewReplacer("{all}", all, "{of}", fmt.Sprint(foreignIDs), "{over}", over, "{digits 10}", digits(10), "{digits 12}", digits(12), "{digits 13}", digits(13),
		"{bytes}", map[store.Dialect]string{store.Postgres: "convert_to(g.n::text, 'UTF8')", store.SQLite: "CAST(g.n AS BLOB)"}[d])
	db := rawSQL(t, url)
	for _, text := range []string{
		`INSERT INTO workspaces (id, name, type, status, country, created_at) SELECT g.n, 'hidden ' || g.n, 4, 1, 'DE', 1 FROM {all}`,
		`INSERT INTO devices (id, workspace_id, name, status, created_at, imei, ip_address, tags)
		SELECT g.n, {of}, 'hidden ' || g.n, 0, 1, '35' || {digits 13}, '10.0.0.' || g.n, 'tag' || g.n FROM {all}`,
		`INSERT INTO sims (id, iccid, eid, imsi, msisdn, status, workspace_id, issuer_id, reseller_id, device_id, produced_at, version, seal)
		SELECT g.n, '8988303' || {digits 12}, '8904' || {digits 10}, '29505' || {digits 10}, '42366' || {digits 10}, 1, {of}, {of}, {of}, g.n, 1, 3, 1 FROM {all}`,
		`INSERT INTO users (id, username, name, status, super_admin, password_hash, session_epoch, created_at)
		SELECT g.n, 'hidden' || g.n || '@example.com', 'hidden ' || g.n, 1, 0, '', 0, 1 FROM {all}`,
		`INSERT INTO memberships (user_id, workspace_id, status) SELECT g.n, {of}, 1 FROM {all}`,
		`INSERT INTO application_tokens (id, workspace_id, description, status, cidr, created_at) SELECT g.n, {of}, 't', 0, '', 1 FROM {all}`,
		`INSERT INTO profiles (kind, id, workspace_id, name) SELECT 0, g.n, {of}, 'hidden ' || g.n FROM {all}`,
		`INSERT INTO ledger (id, uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta, reference) {over}
		SELECT g.n, 'hidden ' || g.n, 1, 1, g.n, g.n, 3, 0, 0, 0, 'H-' || g.n FROM {all}`,
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT g.n, g.n, 0, 3 FROM {all}`,
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT g.n, g.n, 1, 3 FROM {all}`,
		fmt.Sprintf(line, 1), fmt.Sprintf(line, 2), fmt.Sprintf(line, 3),
		`INSERT INTO events (id, at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description) {over}
		SELECT g.n, 1, 1, 2, 0, {of}, g.n, g.n, g.n, g.n, 'd' || g.n FROM {all}`,
		`INSERT INTO audit (id, at, actor, user_id, token_id, address, request_id, action, code, subject, subject_id, ledger_id, detail, places) {over}
		SELECT g.n, 1, 1, g.n, g.n, '192.0.2.' || g.n, 'r' || g.n, 'migrated', 0, 'migration', g.n, g.n, '{}', '{of}' FROM {all}`,
		`INSERT INTO audit_places (workspace_id, audit_id) SELECT {of}, g.n FROM {all}`,
		`INSERT INTO jobs (id, kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest, created_at,
			part, position, done, wave, version, attempt, lease_owner, lease_until) {over}
		SELECT g.n, 'migration', 'done', '{}', g.n, {of}, g.n, '{}', '{}', 'H-' || g.n, '', '', '', 1, 0, 0, 0, 0, 0, 0, '', 0 FROM {all}`,
		`INSERT INTO job_sides (workspace_id, job_id, side) SELECT g.n, g.n, 1 FROM {all}`,
		`INSERT INTO receiving_codes (id, hash, workspace_id, user_id, description, single_use, created_at, expires_at, offers, sims) {over}
		SELECT g.n, {bytes}, {of}, g.n, '', 1, 1, 2, 1, 1 FROM {all}`,
		`INSERT INTO offers (id, code_id, source_id, target_id, user_id, state, detach_devices, reference, reason, created_at, expires_at, reminders,
			sims, accepted, refused, gone) {over} SELECT g.n, g.n, {of}, {of}, g.n, 'pending', 0, 'H-' || g.n, '', 1, 2, 0, 1, 0, 0, 0 FROM {all}`,
		`INSERT INTO sim_requests (id, workspace_id, user_id, state, reference, reason, created_at, expires_at, iccids) {over}
		SELECT g.n, {of}, g.n, 'open', 'H-' || g.n, '', 1, 2, 1 FROM {all}`,
		`INSERT INTO inquiries (workspace_id, request_id, state, sims) SELECT {of}, g.n, 'open', 1 FROM {all}`,
	} {
		if _, err := db.ExecContext(t.Context(), texts.Replace(text)); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// The migrations of a SIM in the reader's Workspace are found by an index. For a SIM that has left
// it, the reader's whole part of the ledger is scanned, as for a SIM of another Workspace. If that
// is too much, the filter is refused, and the message says to add from and until.
func TestMigrationsOfSIMsThatLeft(t *testing.T) {
	engines(t, func(t *testing.T, url string) {
		s := open(t, url, store.Options{})
		storetest.Load(t, s)
		fillLists(t, url, s.Dialect(), 60)
		list := func(ws fleet.WorkspaceID, q string, most int) (ids []fleet.MigrationID, err error) {
			l, err := fleet.ParseList(fleet.MigrationList, q, "", "", "")
			if err != nil {
				t.Fatal(err)
			}
			err = store.Bounded(t.Context(), s, most, func(tx *store.Tx) error {
				page, err := tx.Migrations(t.Context(), store.Caller{}, ws, l)
				for _, m := range page.Items {
					ids = append(ids, m.ID)
				}
				return err
			})
			return ids, err
		}
		iccid := fmt.Sprintf(hiddenValues["iccid"], 1_000_011)
		for _, filter := range []string{"sim:1000011", "iccid:" + iccid, "iccid_with_luhn:" + fleet.ICCID(iccid).WithLuhn()} {
			own, err := list(storetest.FleetDE, filter, 2)
			if err != nil || len(own) != 2 {
				t.Errorf("%s, a SIM in the Workspace: %v, %v", filter, own, err)
			}
			if left, err := list(storetest.FleetAT, filter, 15_000); err != nil || len(left) == 0 {
				t.Errorf("%s, a SIM that has left: %v, %v", filter, left, err)
			}
			if _, err := list(storetest.FleetAT, filter, 30); fleet.CodeOf(err) != fleet.BadQuery || !strings.Contains(err.Error(), "add from and until") {
				t.Errorf("%s, a SIM that has left, with a low limit of rows: %v", filter, err)
			}
			if left, err := list(storetest.FleetAT, filter+",from:2023-11-14T22:13:20Z,until:2030-01-01", 15_000); err != nil || len(left) == 0 {
				t.Errorf("%s, with from and until: %v, %v", filter, left, err)
			}
		}
	})
}
