package storetest

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var ledgerCases = []testCase{
	{"Entry", ledgerEntry},
	{"Visibility", ledgerVisibility},
	{"List", ledgerList},
	{"StatesAt", statesAt},
}

func (e *env) entry(caller store.Caller, token fleet.WorkspaceID, id fleet.MigrationID) (m fleet.Migration, found bool) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		m, found, err = tx.Migration(ctx, caller, token, id)
		return err
	})
	return m, found
}

func ledgerEntry(e *env) {
	e.fleet()
	e.clock.advance(time.Hour)
	id := e.migrate("m", FleetBR, 20, 11, 10)
	e.migrate("later", FleetDE, 11) // a line shows its own time, not the present

	before := []fleet.SIMState{states(20)[0], states(11)[0], states(10)[0]}
	var lines []fleet.LedgerLine
	for _, l := range plan("m", before, FleetBR).Lines {
		lines = append(lines, fleet.LedgerLine{SIM: l.Before.ID, ICCID: l.Before.ICCID, Before: l.Before, After: l.After})
	}
	want := fleet.Migration{
		ID: id, Time: start.Add(time.Hour), User: Admin, Username: "admin@example.com", Target: workspace(FleetBR), SIMs: 3,
		Sources:         []fleet.SourceCount{{Workspace: workspace(FleetDE), SIMs: 2}, {Workspace: workspace(FleetAT), SIMs: 1}},
		AllowedStatuses: []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMIssued, fleet.SIMSuspended}, DetachDevices: true, Lines: lines,
	}
	got, found := e.entry(store.Caller{User: Admin}, 0, id)
	if !found {
		e.Fatal("not found")
	}
	e.equal("entry", got, want)

	e.update(func(ctx context.Context, tx *store.Tx) error { // by a token, and without options
		c := plan("by a token", states(13), FleetBR)
		c.By, c.AllowedStatuses, c.DetachDevices = store.Caller{Token: 7}, nil, false
		var err error
		id, err = tx.Apply(ctx, c)
		return err
	})
	got, _ = e.entry(store.Caller{User: Admin}, 0, id)
	if got.User != 0 || got.Username != "" || got.AllowedStatuses != nil || got.DetachDevices {
		e.Errorf("by a token: %+v", got)
	}
}

func ledgerVisibility(e *env) {
	e.fleet()
	deToAT, atToBR := e.migrate("1", FleetAT, 10), e.migrate("2", FleetBR, 20)
	e.change(fleet.LedgerStatus, 13, func(s *fleet.SIMState) { s.Status = fleet.SIMSuspended })
	for name, tt := range map[string]struct {
		caller store.Caller
		token  fleet.WorkspaceID
		sees   [2]bool
	}{
		"member of source and target": {store.Caller{User: Admin}, 0, [2]bool{true, true}},
		"member of the source":        {store.Caller{User: Observer}, 0, [2]bool{true, false}},
		"suspended there":             {store.Caller{User: SuspendedUser}, 0, [2]bool{}},
		"stranger":                    {store.Caller{User: Stranger}, 0, [2]bool{}},
		"superadmin":                  {store.Caller{User: Super, SuperAdmin: true}, 0, [2]bool{true, true}},
		"token of the target":         {store.Caller{Token: 1}, FleetBR, [2]bool{false, true}},
		"token of a third":            {store.Caller{Token: 1}, Carrier, [2]bool{}},
		"user, whatever Workspace":    {store.Caller{User: Observer}, FleetBR, [2]bool{true, false}},
	} {
		total := 0
		for i, id := range []fleet.MigrationID{deToAT, atToBR} {
			if _, found := e.entry(tt.caller, tt.token, id); found != tt.sees[i] {
				e.Errorf("%s, entry %d: found %v", name, i+1, found)
			}
			if tt.sees[i] {
				total++
			}
		}
		page := e.migrations(tt.caller, tt.token, "", "", "", "")
		if page.Total != total || len(page.Items) != total {
			e.Errorf("%s: %d of %d entries, want %d", name, len(page.Items), page.Total, total)
		}
	}
	for _, id := range []fleet.MigrationID{1, atToBR + 1, 999} { // the import, the change of status, nothing
		if _, found := e.entry(store.Caller{User: Super, SuperAdmin: true}, 0, id); found {
			e.Errorf("entry %d is not a migration", id)
		}
	}
}

func (e *env) migrations(caller store.Caller, token fleet.WorkspaceID, q, sort, page, perPage string) (got fleet.Page[fleet.Migration]) {
	e.Helper()
	l, err := fleet.ParseList(fleet.MigrationList, q, sort, page, perPage)
	if err != nil {
		e.Fatal(err)
	}
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		got, err = tx.Migrations(ctx, caller, token, l)
		return err
	})
	return got
}

func ledgerList(e *env) {
	e.fleet()
	for i, id := range []fleet.SIMID{10, 13, 14, 15} {
		e.clock.advance(24 * time.Hour)
		e.migrate(string(rune('a'+i)), []fleet.WorkspaceID{FleetAT, FleetBR}[i%2], id)
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		c := plan("by a token", states(16), FleetBR)
		c.By = store.Caller{Token: 7}
		_, err := tx.Apply(ctx, c)
		return err
	})
	day := start.Add(24 * time.Hour).Format(time.DateOnly)
	for _, tt := range []struct {
		q, sort, page, perPage string
		want                   []fleet.MigrationID
		total                  int
	}{
		{"", "", "", "", []fleet.MigrationID{6, 5, 4, 3, 2}, 5},
		{"", "id", "", "", []fleet.MigrationID{2, 3, 4, 5, 6}, 5},
		{"", "", "2", "2", []fleet.MigrationID{4, 3}, 5},
		{"", "", "9", "2", []fleet.MigrationID{2}, 5},
		{"", "timestamp", "", "", []fleet.MigrationID{2, 3, 4, 5, 6}, 5},
		{"", "target_workspace", "", "", []fleet.MigrationID{2, 4, 3, 5, 6}, 5},
		{"", "user", "", "", []fleet.MigrationID{6, 2, 3, 4, 5}, 5}, // entries without a user come first
		{"", "-user", "", "", []fleet.MigrationID{5, 4, 3, 2, 6}, 5},
		{"target_workspace:300", "", "", "", []fleet.MigrationID{6, 5, 3}, 3},
		{"user:1,id:2|3|9", "", "", "", []fleet.MigrationID{3, 2}, 2},
		{"timestamp:" + day, "", "", "", []fleet.MigrationID{2}, 1},
		{"user:99", "", "", "", nil, 0},
	} {
		page := e.migrations(store.Caller{User: Super, SuperAdmin: true}, 0, tt.q, tt.sort, tt.page, tt.perPage)
		var got []fleet.MigrationID
		for _, m := range page.Items {
			got = append(got, m.ID)
			if m.Target.Name == "" || len(m.Sources) != 1 || m.Lines != nil {
				e.Errorf("in a list: %+v", m)
			}
		}
		e.equal("q="+tt.q+" sort="+tt.sort+" page="+tt.page, got, tt.want)
		e.equal("total", page.Total, tt.total)
	}
}

func statesAt(e *env) {
	e.fleet()
	e.migrate("1", FleetAT, 11, 13)
	e.migrate("2", FleetBR, 11)
	moved := states(11)[0]
	moved.Workspace, moved.Status, moved.Device, moved.DeviceName, moved.Version = FleetAT, fleet.SIMSuspended, 0, "", 1
	e.view(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.StatesAt(ctx, []fleet.VersionAt{{SIM: 11, Version: 1}, {SIM: 13, Version: 0}, {SIM: 10, Version: 0}, {SIM: 999, Version: 0}})
		e.equal("states", got, map[fleet.SIMID]fleet.SIMState{11: moved, 13: states(13)[0]})
		if err != nil {
			return err
		}
		got, err = tx.StatesAt(ctx, []fleet.VersionAt{{SIM: 11, Version: 0}, {SIM: 13, Version: 1}})
		e.equal("the first state; the present one is not an earlier one", got, map[fleet.SIMID]fleet.SIMState{11: states(11)[0]})
		return err
	})
}
