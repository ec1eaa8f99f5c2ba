package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// How a list finds its rows among millions.
const (
	indexed = "indexed" // an index finds them, or gives them in their order
	refused = "refused" // it is refused, and the message says what to add

	inWorkspace = "in the Workspace" // it goes through all that the Workspace has, found by an index
	found       = "found"            // an index finds them; it does not go through the Workspace's others
)

// listPlans say how each list finds its rows by each field. A new filter or sort must be added.
var listPlans = []listPlan{
	{
		"SIMs of an enterprise", fleet.SIMList,
		map[string]string{
			"id": indexed, "iccid": indexed, "iccid_with_luhn": indexed, "imsi": indexed, "msisdn": indexed, "eid": indexed, "status": indexed,
			"endpoint": indexed, "customer_org": indexed, "issuer_org": refused, "reseller_org": refused, "production_date": refused, "model": refused, "satellite_capable": refused,
		},
		map[string]string{
			"id": indexed, "iccid": indexed, "iccid_with_luhn": indexed, "imsi": refused, "msisdn": refused, "eid": refused, "status": indexed,
			"endpoint": refused, "customer_org": refused, "issuer_org": refused, "reseller_org": refused, "production_date": refused, "model": refused,
		},
		simsOf(fleet.Workspace{ID: 100, Type: fleet.Enterprise}),
	},
	{
		"SIMs of an issuer", fleet.SIMList,
		map[string]string{
			"id": indexed, "iccid": indexed, "iccid_with_luhn": indexed, "imsi": indexed, "msisdn": indexed, "eid": indexed, "status": refused,
			"endpoint": indexed, "customer_org": refused, "issuer_org": refused, "reseller_org": refused, "production_date": refused, "model": refused, "satellite_capable": refused,
		},
		map[string]string{
			"id": indexed, "iccid": refused, "iccid_with_luhn": refused, "imsi": refused, "msisdn": refused, "eid": refused, "status": refused,
			"endpoint": refused, "customer_org": refused, "issuer_org": refused, "reseller_org": refused, "production_date": refused, "model": refused,
		},
		simsOf(fleet.Workspace{ID: 1, Type: fleet.MobileNetworkOperator}),
	},
	{
		"migrations", fleet.MigrationList,
		map[string]string{"id": indexed, "timestamp": indexed, "from": indexed, "until": indexed, "sim": indexed, "iccid": indexed, "iccid_with_luhn": indexed, "job": indexed,
			"user": refused, "target_workspace": refused, "source_workspace": refused, "reference": refused}, // see TestOwnMigrationsAreIndexed
		map[string]string{"id": indexed, "timestamp": refused, "user": refused, "target_workspace": refused},
		func(ctx context.Context, tx *store.Tx, l fleet.List) error {
			_, err := tx.Migrations(ctx, store.Caller{}, 100, l)
			return err
		},
	},
	longListPlan("devices", fleet.DeviceList, []string{"status"}, []string{"id", "name", "imei", "ip_address", "sim", "iccid", "iccid_with_luhn", "imsi"},
		func(ctx context.Context, tx *store.Tx, l fleet.List) error {
			_, err := tx.DevicePage(ctx, 100, l)
			return err
		}),
	longListPlan("events", fleet.EventList, []string{
		"timestamp", "from", "until", "alert", "organisation", "user", "network", "rat", "country",
	}, []string{"id", "endpoint", "imei", "ip_address", "sim", "iccid", "iccid_with_luhn", "imsi"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Events(ctx, 100, store.EventsOf{}, l)
		return err
	}),
	longListPlan("audit", fleet.AuditList, []string{"id", "timestamp", "migration"}, nil, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.AuditEntries(ctx, 100, l)
		return err
	}),
	workspaceList("users", fleet.UserList, []string{"id", "username", "name", "status", "organisation", "created"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Members(ctx, 100, l)
		return err
	}),
	workspaceList("profiles", fleet.ProfileList, []string{"id", "name"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Profiles(ctx, 100, fleet.ServiceProfile, l)
		return err
	}),
	workspaceList("jobs", fleet.JobList, []string{"id", "state", "kind", "user", "target_workspace", "reference"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Jobs(ctx, store.Caller{User: storetest.Admin}, 0, l)
		return err
	}),
	workspaceList("jobs of a token", fleet.JobList, []string{"id", "state", "kind", "user", "target_workspace", "reference"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Jobs(ctx, store.Caller{}, 100, l)
		return err
	}),
	workspaceList("offers", fleet.OfferList, []string{"id", "direction", "status", "reference"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Offers(ctx, 100, l)
		return err
	}),
	workspaceList("receiving codes", fleet.ReceivingCodeList, []string{"id"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.ReceivingCodes(ctx, 100, l)
		return err
	}),
	workspaceList("requests for SIMs", fleet.SIMRequestList, []string{"id", "status"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.SIMRequests(ctx, 100, l)
		return err
	}),
	workspaceList("inquiries", fleet.InquiryList, []string{"id", "status"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.Inquiries(ctx, 100, l)
		return err
	}),
	workspaceList("application tokens", fleet.ApplicationTokenList, []string{"id", "status", "created", "expiry_date"}, func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.ApplicationTokens(ctx, 100, l)
		return err
	}),
}

type listPlan struct {
	name           string
	spec           fleet.ListSpec
	filters, sorts map[string]string
	run            func(context.Context, *store.Tx, fleet.List) error
}

// workspaceList returns a list of which a filter goes through what one Workspace has, and which
// sorts only few by another field than id.
func workspaceList(name string, spec fleet.ListSpec, fields []string, run func(context.Context, *store.Tx, fleet.List) error) listPlan {
	p := listPlan{name, spec, map[string]string{}, map[string]string{}, run}
	for _, f := range fields {
		p.filters[f], p.sorts[f] = inWorkspace, refused
	}
	p.sorts["id"] = inWorkspace
	return p
}

// longListPlan returns a list that has counts by id and instant: these filters are served, others
// are refused if the Workspace has many rows.
func longListPlan(name string, spec fleet.ListSpec, served, byIndex []string, run func(context.Context, *store.Tx, fleet.List) error) listPlan {
	p := listPlan{name, spec, map[string]string{}, map[string]string{}, run}
	for _, f := range spec.Fields {
		p.filters[f.Name], p.sorts[f.Name] = refused, refused
	}
	for _, f := range served {
		p.filters[f] = inWorkspace
	}
	for _, f := range byIndex {
		p.filters[f] = found
	}
	p.sorts["id"] = inWorkspace
	return p
}

func simsOf(ws fleet.Workspace) func(context.Context, *store.Tx, fleet.List) error {
	return func(ctx context.Context, tx *store.Tx, l fleet.List) error {
		_, err := tx.SIMs(ctx, ws, l)
		return err
	}
}

// fewMatch is a value of each field that few rows have, among those of fillLists.
var fewMatch = map[string]string{
	"id": "1000011", "iccid": "8988303000001000011", "iccid_with_luhn": fleet.ICCID("8988303000001000011").WithLuhn(), "imsi": "295050001000011",
	"msisdn": "423660001000011", "eid": "89040001000011", "status": "1", "error_code": "1000", "endpoint": "70001", "customer_org": "100", "issuer_org": "1",
	"sim": "1000011", "reseller_org": "77", "production_date": "2001-01-01", "model": "77", "satellite_capable": "false", "timestamp": "2023-11-26T12:00:11Z", "user": "77", "target_workspace": "77", "source_workspace": "77",
}

func filterValue(f fleet.ListField) string {
	if f.Values != nil {
		return f.Values[0]
	}
	switch value, ok := fewMatch[f.Name]; {
	case f.Kind == fleet.TimeField || f.Kind == fleet.FromField || f.Kind == fleet.UntilField:
		return "2023-11-26T12:00:11Z"
	case f.Kind == fleet.BoolField:
		return "false"
	case ok:
		return value
	}
	return "1"
}

// fillOthers adds some of what the lists other than those of SIMs and of migrations show.
func fillOthers(t *testing.T, url string, d store.Dialect) {
	t.Helper()
	db := rawSQL(t, url)
	for n := range 5 {
		for _, text := range []string{
			"INSERT INTO devices (id, workspace_id, name, status, created_at) VALUES (%[1]d, 100, 'd', 0, 1)",
			"INSERT INTO profiles (kind, id, workspace_id, name) VALUES (0, %[1]d, 100, 'p')",
			"INSERT INTO application_tokens (id, workspace_id, description, status, cidr, created_at) VALUES (%[1]d, 100, 't', 0, '', 1)",
			"INSERT INTO events (at, type, source, severity, workspace_id, description) VALUES (%[1]d, 1, 2, 0, 100, 'e')",
			"INSERT INTO audit (id, at, actor, address, request_id, action, code, subject, subject_id, detail, places) " +
				map[store.Dialect]string{store.Postgres: "OVERRIDING SYSTEM VALUE"}[d] + " VALUES (%[1]d, 1, 0, '', '', '', 0, '', '', '', '100')",
			"INSERT INTO audit_places (workspace_id, audit_id) VALUES (100, %[1]d)",
		} {
			if _, err := db.ExecContext(t.Context(), fmt.Sprintf(text, 70_000+n)); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	}
}

// TestListsDoNotScanTables goes through every filter and sort of the lists of what there may
// be millions of, on both engines: none reads or sorts a whole table.
func TestListsDoNotScanTables(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.Load(t, s)
			fillLists(t, url, s.Dialect(), 60)
			fillOthers(t, url, s.Dialect())
			for _, list := range listPlans {
				for _, f := range list.spec.Fields {
					if !f.NoFilter {
						listPlanned(t, s, list.name, list.filters[f.Name], f.Name+":"+filterValue(f), "", list.spec, list.run)
					}
					if !f.NoSort {
						listPlanned(t, s, list.name, list.sorts[f.Name], "", f.Name, list.spec, list.run)
						listPlanned(t, s, list.name, list.sorts[f.Name], "", "-"+f.Name, list.spec, list.run)
					}
				}
			}
		})
	}
}

// tableScanned matches a line of a plan that reads all users, devices or Workspaces.
var tableScanned = regexp.MustCompile(`^ *((?:inside: )?SCAN (x|u|d|w)( |$)|.*Seq Scan on (users|devices|workspaces)\b)`)

// TestNamesAreFoundByIndexes goes through every filter that takes names: none reads all users,
// devices or Workspaces to find one, also if the list is refused afterwards.
func TestNamesAreFoundByIndexes(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newURL(t), store.Options{})
			storetest.Load(t, s)
			for _, list := range listPlans {
				for _, f := range list.spec.Fields {
					if f.Kind != fleet.NameField || f.NoFilter {
						continue
					}
					l, err := fleet.ParseList(list.spec, f.Name+":Somebody", "", "", "3")
					if err != nil {
						t.Fatal(err)
					}
					plans, err := store.Explained(t.Context(), s, 2, func(tx *store.Tx) error { return list.run(t.Context(), tx, l) })
					if code := fleet.CodeOf(err); err != nil && code != fleet.BadQuery {
						t.Errorf("%s by %s: %v", list.name, f.Name, err)
					}
					for _, p := range plans {
						for _, line := range p.Lines {
							if tableScanned.MatchString(line) && !membersScanned(p, line) {
								t.Errorf("%s by %s: %s\n%s\n%s", list.name, f.Name, line, p.Text, strings.Join(p.Lines, "\n"))
							}
						}
					}
				}
			}
		})
	}
}

// membersScanned is true if a line of a plan reads the members of a Workspace that the statement
// has found before, which it calls u: the only users that it names are inside of that.
func membersScanned(p store.Plan, line string) bool {
	return line == "SCAN u" && strings.HasPrefix(p.Text, "WITH u AS MATERIALIZED (") &&
		slices.Contains(p.Lines, "inside: MATERIALIZE u") && strings.Count(p.Text, " users ") == 1
}

func listPlanned(t *testing.T, s *store.Store, name, want, q, sort string, spec fleet.ListSpec, run func(context.Context, *store.Tx, fleet.List) error) {
	t.Helper()
	name = fmt.Sprintf("%s, q=%s sort=%s", name, q, sort)
	l, err := fleet.ParseList(spec, q, sort, "", "3")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	plans, err := store.Explained(t.Context(), s, 2, func(tx *store.Tx) error { return run(t.Context(), tx, l) })
	switch code := fleet.CodeOf(err); {
	case want == refused && (code == fleet.BadQuery || code == fleet.BadSort):
		return
	case want == "":
		t.Errorf("%s is not classified: see listPlans", name)
	case want == refused:
		t.Errorf("%s is not refused", name)
	case err != nil:
		t.Errorf("%s: %v", name, err)
	}
	for _, p := range plans {
		if fault := wholeTable(p); fault != "" && want == indexed {
			t.Errorf("%s: %s\n%s\n%s", name, fault, p.Text, strings.Join(p.Lines, "\n"))
		}
		for _, line := range p.Lines {
			few := strings.HasPrefix(p.Text, "WITH ") && materialized.MatchString(line) || strings.Contains(p.Text, "FROM list_changes t")
			if want == found && workspaceScanned.MatchString(line) && !few {
				t.Errorf("%s: it goes through the Workspace: %s\n%s\n%s", name, line, p.Text, strings.Join(p.Lines, "\n"))
			}
			if (want == inWorkspace || want == found) && othersScanned.MatchString(line) && !few {
				t.Errorf("%s: it reads a whole table: %s\n%s\n%s", name, line, p.Text, strings.Join(p.Lines, "\n"))
			}
		}
	}
}

var (
	scanned       = regexp.MustCompile(`^(inside: )?SCAN (s|m|v|sims|ledger|ledger_sides)( |$)|Seq Scan on (sims|ledger|ledger_sides)\b`)
	othersScanned = regexp.MustCompile(`^SCAN (d|e|a|p|t)( |$)|^SCAN (j|o|v)( USING .*)?$|Seq Scan on (devices d|events e|audit a|audit_places p|profiles p|application_tokens t|receiving_codes c|offers o|sim_requests r|inquiries q|jobs j|jobs o|job_sides v)\b`)
	// SQLite chooses by the shape of a statement, PostgreSQL by statistics that so few rows lack.
	workspaceScanned = regexp.MustCompile(`^SEARCH (d|e) USING (COVERING )?INDEX (events_workspace|devices_of_workspace) `)
	materialized     = regexp.MustCompile(`^SCAN (s|m|e|a|d|p|t)$`)
	sortedWhole      = regexp.MustCompile(`USE TEMP B-TREE FOR ORDER BY|^ *(-> +)?Sort  \(`)
)

// wholeTable finds what reads or sorts a whole table in a plan. Few rows that were found by an
// index may be sorted.
func wholeTable(p store.Plan) string {
	few := strings.HasPrefix(p.Text, "WITH ") || strings.Contains(p.Text, " LIMIT ") && strings.Contains(p.Text, "ledger_sides") ||
		strings.Contains(p.Text, "GROUP BY block") || strings.Contains(p.Text, "FROM list_tally t") || strings.Contains(p.Text, "m.undoes IN") || strings.Contains(p.Text, ") u ORDER BY u.id") || strings.Contains(p.Text, "ORDER BY v.ledger_id, v.side")
	for _, line := range p.Lines {
		switch {
		case few && materialized.MatchString(line):
		case scanned.MatchString(line):
			return "it reads a whole table: " + line
		case sortedWhole.MatchString(line) && !few:
			return "it sorts what no index found: " + line
		}
	}
	return ""
}

// The list of all that an issuer sees is the same whether it is large or small.
func TestLargeListOfAnIssuer(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newURL(t), store.Options{})
			storetest.Load(t, s)
			for _, ws := range []fleet.Workspace{{ID: storetest.Carrier, Type: fleet.MobileNetworkOperator}, {ID: storetest.Resale, Type: fleet.ServiceProvider}} {
				for _, sort := range []string{"id", "-id"} {
					for _, page := range []string{"1", "2", "9"} {
						l, err := fleet.ParseList(fleet.SIMList, "", sort, page, "3")
						if err != nil {
							t.Fatal(err)
						}
						read := func(most int) (found fleet.Page[fleet.SIM]) {
							_, err := store.Explained(t.Context(), s, most, func(tx *store.Tx) (err error) {
								found, err = tx.SIMs(t.Context(), ws, l)
								return err
							})
							if err != nil {
								t.Fatal(err)
							}
							return found
						}
						if small, large := read(1000), read(1); !reflect.DeepEqual(small, large) {
							t.Errorf("Workspace %d, sort=%s page=%s: %v, as a large one %v", ws.ID, sort, page, small, large)
						}
					}
				}
			}
		})
	}
}

// All migrations are counted by an index that has no other entries.
func TestAllMigrationsAreCountedByAnIndex(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newURL(t), store.Options{})
			storetest.Load(t, s)
			l, err := fleet.ParseList(fleet.MigrationList, "", "", "", "3")
			if err != nil {
				t.Fatal(err)
			}
			plans, err := store.Explained(t.Context(), s, 0, func(tx *store.Tx) error {
				_, err := tx.Migrations(t.Context(), store.Caller{User: storetest.Super, SuperAdmin: true}, 0, l)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range plans {
				if strings.Contains(p.Text, "m.kind") && !strings.Contains(strings.Join(p.Lines, " "), "ledger_migrations") {
					t.Errorf("%s\n%s", p.Text, strings.Join(p.Lines, "\n"))
				}
			}
		})
	}
}

// An index finds the migrations of the caller, and those into or out of the caller's Workspaces.
// Of others, and of a reference, nothing is looked for beyond what the caller sees: how long that
// takes would show how much there is.
func TestOwnMigrationsAreIndexed(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.Load(t, s)
			fillLists(t, url, s.Dialect(), 60)
			if _, err := rawSQL(t, url).ExecContext(t.Context(), fmt.Sprintf("UPDATE ledger SET user_id = %d WHERE id = 1000011", storetest.Observer)); err != nil {
				t.Fatal(err)
			}
			run := func(ctx context.Context, tx *store.Tx, l fleet.List) error {
				_, err := tx.Migrations(ctx, store.Caller{User: storetest.Observer}, 0, l)
				return err
			}
			for q, want := range map[string]string{
				fmt.Sprintf("user:%d", storetest.Observer): indexed, "user:77": refused, fmt.Sprintf("user:%d|77", storetest.Observer): refused,
				fmt.Sprintf("target_workspace:%d", storetest.FleetDE): indexed, "target_workspace:77": refused, "source_workspace:77": refused,
				"id:1000011|1000012": indexed, "reference:T-1000011": refused,
			} {
				listPlanned(t, s, "migrations of a user", want, q, "", fleet.MigrationList, run)
			}
		})
	}
}

// smallLists are the lists whose plans need no test here.
var smallLists = map[string]string{
	"OfferSIMList":          "an offer has 10,000 SIMs at most",
	"JobSIMList":            "see TestPagesOfJobsAreNotSorted",
	"OperatorWorkspaceList": "an installation has thousands at most",
	"OperatorUserList":      "an installation has thousands at most",
}

// Each list has an entry in listPlans, so that a new one is tested.
func TestEveryListIsPlanned(t *testing.T) {
	plans, err := os.ReadFile("listplan_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../fleet/*.go")
	if err != nil {
		t.Fatal(err)
	}
	lists := 0
	for _, file := range files {
		text, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^var (\w+) = ListSpec\{`).FindAllSubmatch(text, -1) {
			lists++
			if name := string(m[1]); smallLists[name] == "" && !strings.Contains(string(plans), "fleet."+name) {
				t.Errorf("listPlans has no entry of fleet.%s", name)
			}
		}
	}
	if lists < len(smallLists)+len(listPlans)/2 {
		t.Errorf("only %d lists were found", lists)
	}
}

// PostgreSQL goes through no more migrations of a source than a list may have before it refuses
// one.
func TestMigrationsOfASourceAreNotAllRead(t *testing.T) {
	url := postgresURL(t)
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	db := rawSQL(t, url)
	for _, text := range []string{
		`INSERT INTO ledger (id, uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta, reference) OVERRIDING SYSTEM VALUE
			SELECT n, 'bulk ' || n, 1, n, 1, 300, 1, 0, 0, 0, '' FROM generate_series(1000, 60000) n`,
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT 100, n, 0, 1 FROM generate_series(1000, 60000) n`,
		"ANALYZE ledger_sides",
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = s.FoldLists(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	l, err := fleet.ParseList(fleet.MigrationList, "source_workspace:100", "", "", "3")
	if err != nil {
		t.Fatal(err)
	}
	plans, err := store.Executed(t.Context(), s, func(tx *store.Tx) error {
		_, err := tx.Migrations(t.Context(), store.Caller{}, 100, l)
		return err
	})
	if fleet.CodeOf(err) != fleet.BadQuery || len(plans) == 0 {
		t.Fatalf("%d statements, %v; want a refusal", len(plans), err)
	}
	for _, p := range plans {
		if n := mostRows(t, p); n > 20_000 {
			t.Errorf("it goes through %d rows:\n%s\n%s", n, p.Text, strings.Join(p.Lines, "\n"))
		}
	}
}
