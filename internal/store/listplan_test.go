package store_test

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
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
)

// listPlans say how each list finds its rows by each field. A new filter or sort must be added.
var listPlans = []struct {
	name           string
	spec           fleet.ListSpec
	filters, sorts map[string]string
	run            func(context.Context, *store.Tx, fleet.List) error // nil for a list that is an exception
}{
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
		map[string]string{"id": indexed, "timestamp": indexed, "user": indexed, "target_workspace": indexed},
		map[string]string{"id": indexed, "timestamp": refused, "user": refused, "target_workspace": refused},
		func(ctx context.Context, tx *store.Tx, l fleet.List) error {
			_, err := tx.Migrations(ctx, store.Caller{}, 100, l)
			return err
		},
	},
	exception("devices", fleet.DeviceList), exception("events", fleet.EventList), exception("audit", fleet.AuditList), exception("users", fleet.UserList),
	exception("profiles", fleet.ProfileList), exception("application tokens", fleet.ApplicationTokenList),
}

func exception(name string, spec fleet.ListSpec) (list struct {
	name           string
	spec           fleet.ListSpec
	filters, sorts map[string]string
	run            func(context.Context, *store.Tx, fleet.List) error
},
) {
	list.name, list.spec = name, spec
	return list
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
	"msisdn": "423660001000011", "eid": "89040001000011", "status": "1", "endpoint": "9001", "customer_org": "100", "issuer_org": "1",
	"reseller_org": "77", "production_date": "2001-01-01", "model": "77", "satellite_capable": "false", "timestamp": "2023-11-26T12:00:11Z", "user": "77", "target_workspace": "77",
}

// TestListsReadNoWholeTable goes through every filter and sort of the lists of what there may
// be millions of, on both engines: none reads or sorts a whole table.
func TestListsReadNoWholeTable(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.Load(t, s)
			fillLists(t, url, s.Dialect(), 60)
			for _, list := range listPlans {
				if list.run == nil {
					continue
				}
				for _, f := range list.spec.Fields {
					if !f.NoFilter {
						listPlanned(t, s, list.name, list.filters[f.Name], f.Name+":"+fewMatch[f.Name], "", list.spec, list.run)
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
	}
}

var (
	scanned      = regexp.MustCompile(`^(inside: )?SCAN (s|m|v|sims|ledger|ledger_sides)( |$)|Seq Scan on (sims|ledger|ledger_sides)\b`)
	materialized = regexp.MustCompile(`^SCAN (s|m)$`)
	sortedWhole  = regexp.MustCompile(`USE TEMP B-TREE FOR ORDER BY|^ *(-> +)?Sort  \(`)
)

// wholeTable finds what reads or sorts a whole table in a plan. Few rows that were found by an
// index may be sorted.
func wholeTable(p store.Plan) string {
	few := strings.HasPrefix(p.Text, "WITH ") || strings.Contains(p.Text, " LIMIT ") && strings.Contains(p.Text, "ledger_sides") ||
		strings.Contains(p.Text, "GROUP BY block") || strings.Contains(p.Text, ") u ORDER BY u.id") || strings.Contains(p.Text, "ORDER BY v.ledger_id, v.side")
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
