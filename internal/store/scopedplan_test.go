package store_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// A set of ids is searched in an index that begins with the Workspace, so that ids of other
// Workspaces take the time of ids that do not exist. The Workspace has many rows: PostgreSQL takes
// any index that begins with it while it expects one row there.
func TestSetsAreSearchedByWorkspace(t *testing.T) {
	url := postgresURL(t)
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	fillLists(t, url, s.Dialect(), 2000)
	iccids := []fleet.ICCID{"8988303000000000011", "8988303000000000999"}
	enterprise := fleet.Workspace{ID: storetest.FleetDE, Type: fleet.Enterprise}
	snapshot := func(sel fleet.Selector) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			_, err := tx.Snapshot(t.Context(), store.Caller{User: storetest.Admin}, fleet.MigrationRequest{Target: storetest.FleetDE, Select: sel}, false)
			return err
		}
	}
	for name, read := range map[string]func(tx *store.Tx) error{
		"migration by id":    snapshot(fleet.Selector{SIMs: []fleet.SIMID{11, 22}}),
		"migration by ICCID": snapshot(fleet.Selector{ICCIDs: iccids}),
		"migration by range": snapshot(fleet.Selector{Range: &fleet.ICCIDRange{Start: iccids[0], End: iccids[1]}}),
		"SIMs of an issuer": func(tx *store.Tx) error {
			_, err := tx.SIMsByID(t.Context(), fleet.Workspace{ID: storetest.Carrier, Type: fleet.MobileNetworkOperator}, []fleet.SIMID{11, 22})
			return err
		},
		"SIMs of an enterprise": func(tx *store.Tx) error {
			_, err := tx.SIMsByID(t.Context(), enterprise, []fleet.SIMID{11, 22})
			return err
		},
		"SIMs for devices": func(tx *store.Tx) error {
			_, err := tx.LockedSIMs(t.Context(), storetest.FleetDE, []fleet.SIMID{11, 22})
			return err
		},
		"devices": func(tx *store.Tx) error {
			_, err := tx.DevicesOf(t.Context(), storetest.FleetDE, []fleet.DeviceID{9001, 9002}, false)
			return err
		},
	} {
		plans, err := store.ExplainedUpdate(t.Context(), s, read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		searched := false
		for _, p := range plans {
			for _, line := range p.Lines {
				searched = searched || strings.Contains(line, "Index Cond: (") && strings.Contains(line, "_id = ") && strings.Contains(line, " AND (")
				if strings.Contains(line, "Index Cond: (id = j.value)") || strings.Contains(line, "Index Cond: (iccid") {
					t.Errorf("%s does not begin with the Workspace:\n%s\n%s", name, p.Text, strings.Join(p.Lines, "\n"))
				}
			}
		}
		if !searched {
			t.Errorf("%s: no search by Workspace in %v", name, plans)
		}
	}
}

// The filters of lists by ids and numbers search what the Workspace has: those of others take the
// time of those that do not exist.
func TestFiltersAreSearchedByWorkspace(t *testing.T) {
	sims := scopedSearch{`INDEX sims_workspace \(workspace_id=\? AND (id|rowid)=\?`, `Index Cond: \(\(workspace_id = .* AND \(id = `}
	of := func(index string) scopedSearch {
		return scopedSearch{"INDEX " + index + ` \(workspace_id=\? AND (id|rowid)=\?`, sims.postgres}
	}
	events := func(column string) scopedSearch {
		return scopedSearch{"INDEX events_" + strings.TrimSuffix(column, "_id") + ` \(` + column + `=\? AND workspace_id=\?\)`, `Index Cond: \(\(` + column + ` = .* AND \(workspace_id = `}
	}
	iccids := scopedSearch{`INDEX sims_workspace_iccid \(workspace_id=\? AND iccid=\?\)`, `Index Cond: \(\(workspace_id = .* AND \(iccid = `}
	audit := scopedSearch{`SEARCH p USING PRIMARY KEY \(workspace_id=\? AND audit_id=\?\)`, `Index Cond: \(\(workspace_id = .* AND \(audit_id = `}
	tests := []struct {
		spec     fleet.ListSpec
		run      func(context.Context, *store.Tx, fleet.List) error
		searches map[string]scopedSearch
	}{
		{fleet.SIMList, simsOf(fleet.Workspace{ID: storetest.FleetDE, Type: fleet.Enterprise}), map[string]scopedSearch{
			"id": sims, "imsi": sims, "msisdn": sims, "eid": sims, "endpoint": of("devices_of_workspace"),
		}},
		{fleet.SIMList, simsOf(fleet.Workspace{ID: storetest.Carrier, Type: fleet.MobileNetworkOperator}), map[string]scopedSearch{
			"id": sims, "imsi": sims, "msisdn": sims, "eid": sims, "endpoint": sims, "iccid": sims, "iccid_with_luhn": sims,
		}},
		{fleet.DeviceList, planOf("devices"), map[string]scopedSearch{
			"id": of("devices_of_workspace"), "sim": sims, "imsi": sims, "iccid": iccids, "iccid_with_luhn": iccids,
		}},
		{fleet.EventList, planOf("events"), map[string]scopedSearch{
			"id": of("events_workspace"), "sim": events("sim_id"), "imsi": events("sim_id"), "iccid": events("sim_id"), "endpoint": events("device_id"),
		}},
		{fleet.AuditList, planOf("audit"), map[string]scopedSearch{"id": audit, "migration": audit}},
		{fleet.MigrationList, planOf("migrations"), map[string]scopedSearch{
			"id": {`SEARCH v USING PRIMARY KEY \(workspace_id=\? AND ledger_id=\?`, `Index Cond: \(\(workspace_id = .* AND \(ledger_id = `},
		}},
	}
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.Load(t, s)
			fillLists(t, url, s.Dialect(), 60)
			fillOthers(t, url, s.Dialect())
			for _, tt := range tests {
				for field, search := range tt.searches {
					search.check(t, s, tt.spec, field, tt.run)
				}
			}
		})
	}
}

// scopedSearch matches the line of a plan that searches the Workspace.
type scopedSearch struct{ sqlite, postgres string }

func (want scopedSearch) check(t *testing.T, s *store.Store, spec fleet.ListSpec, field string, run func(context.Context, *store.Tx, fleet.List) error) {
	t.Helper()
	line := map[store.Dialect]string{store.SQLite: want.sqlite, store.Postgres: want.postgres}[s.Dialect()]
	value := filterValue(fleet.ListField{Name: field})
	l, err := fleet.ParseList(spec, field+":"+value+"|"+value, "", "", "3")
	if err != nil {
		t.Fatal(err)
	}
	plans, err := store.Explained(t.Context(), s, 50, func(tx *store.Tx) error { return run(t.Context(), tx, l) })
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	for _, p := range plans {
		if regexp.MustCompile(line).MatchString(strings.Join(p.Lines, "\n")) {
			return
		}
	}
	t.Errorf("%s is not searched by %s: %v", field, line, plans)
}

// planOf returns how a list of listPlans is read.
func planOf(name string) func(context.Context, *store.Tx, fleet.List) error {
	for _, p := range listPlans {
		if p.name == name {
			return p.run
		}
	}
	panic("no list " + name)
}
