package fleet_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// The Workspaces of the tests, and the caller's role in each.
const (
	berlin   fleet.WorkspaceID = 100 // DE, Administrator
	vienna   fleet.WorkspaceID = 110 // AT, Administrator
	lyon     fleet.WorkspaceID = 200 // FR, Administrator; the usual target
	oslo     fleet.WorkspaceID = 300 // NO, Observer
	porto    fleet.WorkspaceID = 310 // PT, User
	saoPaulo fleet.WorkspaceID = 400 // BR, Administrator
	rio      fleet.WorkspaceID = 410 // BR, Administrator
	foreign  fleet.WorkspaceID = 500 // DE, the caller is not a member
	reseller fleet.WorkspaceID = 600 // a reseller, Administrator
	closed   fleet.WorkspaceID = 700 // suspended, Administrator
	nowhere  fleet.WorkspaceID = 999 // does not exist
)

func standings() map[fleet.WorkspaceID]fleet.Standing {
	all := make(map[fleet.WorkspaceID]fleet.Standing)
	for _, w := range []struct {
		id      fleet.WorkspaceID
		name    string
		country string
		role    fleet.Role
	}{
		{berlin, "Berlin", "DE", fleet.Administrator},
		{vienna, "Vienna", "AT", fleet.Administrator},
		{lyon, "Lyon", "FR", fleet.Administrator},
		{oslo, "Oslo", "NO", fleet.Observer},
		{porto, "Porto", "PT", fleet.Member},
		{saoPaulo, "Sao Paulo", "BR", fleet.Administrator},
		{rio, "Rio", "BR", fleet.Administrator},
		{foreign, "Foreign", "DE", fleet.NoRole},
		{reseller, "Reseller", "FR", fleet.Administrator},
		{closed, "Closed", "FR", fleet.Administrator},
	} {
		workspace := fleet.Workspace{ID: w.id, Name: w.name, Country: w.country, Type: fleet.Enterprise}
		all[w.id] = fleet.Standing{Workspace: workspace, Role: w.role}
	}
	change(all, reseller, func(s *fleet.Standing) { s.Workspace.Type = fleet.Reseller })
	change(all, closed, func(s *fleet.Standing) { s.Workspace.Status = fleet.WorkspaceSuspended })
	return all
}

func change(all map[fleet.WorkspaceID]fleet.Standing, id fleet.WorkspaceID, edit func(*fleet.Standing)) {
	s := all[id]
	edit(&s)
	all[id] = s
}

// snapshot returns the tests' Workspaces with these SIMs.
func snapshot(sims ...fleet.SIMState) fleet.Snapshot {
	return fleet.Snapshot{Workspaces: standings(), SIMs: sims, Rules: shipped()}
}

// shipped returns the rules of a new installation.
func shipped() fleet.RuleInput {
	return fleet.RuleInput{Set: fleet.NewRuleSet(1, fleet.ShippedRules()), Now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
}

// sim builds an Issued, unattached SIM in Berlin at version 1 with ICCID iccid(id), and then
// edits it.
func sim(id fleet.SIMID, edits ...func(*fleet.SIMState)) fleet.SIMState {
	s := fleet.SIMState{ID: id, ICCID: iccid(id), Workspace: berlin, Version: 1}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

func in(w fleet.WorkspaceID) func(*fleet.SIMState) {
	return func(s *fleet.SIMState) { s.Workspace = w }
}

func as(status fleet.SIMStatus) func(*fleet.SIMState) {
	return func(s *fleet.SIMState) { s.Status = status }
}

func attached(d fleet.DeviceID) func(*fleet.SIMState) {
	return func(s *fleet.SIMState) { s.Device, s.DeviceName = d, fmt.Sprintf("tracker-%d", d) }
}

func version(v int64) func(*fleet.SIMState) {
	return func(s *fleet.SIMState) { s.Version = v }
}

// iccid returns the number of the test SIM with this id.
func iccid(id fleet.SIMID) fleet.ICCID {
	return fleet.ICCID(fmt.Sprintf("89883030000%08d", id))
}

// fresh returns n SIMs as an import leaves them, with ids from 1.
func fresh(n int) []fleet.SIMState {
	sims := make([]fleet.SIMState, n)
	for i := range sims {
		sims[i] = sim(fleet.SIMID(i + 1))
	}
	return sims
}

// tester is what tests, benchmarks, fuzz targets and property tests have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func byID(t tester, ids ...fleet.SIMID) fleet.Selector {
	t.Helper()
	return must(t)(fleet.SelectSIMs(ids))
}

func byICCID(t tester, ids ...fleet.SIMID) fleet.Selector {
	t.Helper()
	values := make([]string, len(ids))
	for i, id := range ids {
		values[i] = string(iccid(id))
	}
	return must(t)(fleet.SelectICCIDs(values))
}

func byRange(t tester, first, last fleet.SIMID) fleet.Selector {
	t.Helper()
	return must(t)(fleet.SelectRange(string(iccid(first)), string(iccid(last))))
}

func must(t tester) func(fleet.Selector, error) fleet.Selector {
	return func(sel fleet.Selector, err error) fleet.Selector {
		t.Helper()
		if err != nil {
			t.Fatalf("selector: %v", err)
		}
		return sel
	}
}

// to returns a request to move the selected SIMs to w with the usual options.
func to(w fleet.WorkspaceID, sel fleet.Selector) fleet.MigrationRequest {
	return fleet.MigrationRequest{Target: w, Select: sel}
}

func plan(t tester, req fleet.MigrationRequest, snap fleet.Snapshot) *fleet.Plan {
	t.Helper()
	p, err := fleet.PlanMigration(req, snap)
	if err != nil {
		t.Fatalf("PlanMigration: %v", err)
	}
	return p
}

func preview(t tester, p *fleet.Plan) *fleet.Preview {
	t.Helper()
	v, err := fleet.ParsePreviews(p.ETag())
	if err != nil {
		t.Fatalf("ParsePreviews(%s): %v", p.ETag(), err)
	}
	return v[0]
}

// refused returns err as a *fleet.Error and fails the test if it has another code.
func refused(t tester, err error, code fleet.Code) *fleet.Error {
	t.Helper()
	var e *fleet.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got error %v, want one of code %d", err, code)
	}
	return e
}

func ids(sims []fleet.SIMState) []fleet.SIMID {
	list := make([]fleet.SIMID, len(sims))
	for i, s := range sims {
		list[i] = s.ID
	}
	return list
}
