package fleet_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

// verdict is a result of PlanMigration in a form for test tables: the SIMs that move, or the
// SIMs per conflict, or what is not found.
type verdict struct {
	Moves   []fleet.SIMID
	Refused []group
	Missing []string
}

type group struct {
	Code fleet.ConflictCode
	SIMs []fleet.SIMID
}

func decide(t tester, req fleet.MigrationRequest, snap fleet.Snapshot) verdict {
	t.Helper()
	p, err := fleet.PlanMigration(req, snap)
	var conflicts *fleet.Conflicts
	switch {
	case err == nil:
		return verdict{Moves: ids(p.SIMs)}
	case errors.As(err, &conflicts):
		var v verdict
		for _, g := range conflicts.Groups {
			v.Refused = append(v.Refused, group{g.Code, ids(g.SIMs)})
		}
		return v
	}
	var v verdict
	for _, p := range refused(t, err, fleet.NotFound).Problems {
		v.Missing = append(v.Missing, p.Message)
	}
	return v
}

func movesSIMs(ids ...fleet.SIMID) verdict { return verdict{Moves: ids} }

func refuses(groups ...group) verdict { return verdict{Refused: groups} }

func misses(messages ...string) verdict { return verdict{Missing: messages} }

func because(code fleet.ConflictCode, ids ...fleet.SIMID) group {
	if ids == nil {
		ids = []fleet.SIMID{}
	}
	return group{code, ids}
}

func detaching(req fleet.MigrationRequest) fleet.MigrationRequest {
	req.DetachDevices = true
	return req
}

func allowing(req fleet.MigrationRequest, statuses ...fleet.SIMStatus) fleet.MigrationRequest {
	req.AllowedStatuses = statuses
	return req
}

type planCase struct {
	name string
	req  fleet.MigrationRequest
	sims []fleet.SIMState
	want verdict
}

func runPlanCases(t *testing.T, cases []planCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, decide(t, test.req, snapshot(test.sims...))); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanMoves(t *testing.T) {
	one := []fleet.SIMState{sim(1)}
	three := []fleet.SIMState{sim(3), sim(1), sim(2)}
	runPlanCases(t, []planCase{
		{"one SIM by id", to(lyon, byID(t, 1)), one, movesSIMs(1)},
		{"one SIM by ICCID", to(lyon, byICCID(t, 1)), one, movesSIMs(1)},
		{"one SIM by range", to(lyon, byRange(t, 1, 1)), one, movesSIMs(1)},
		{"ids in the request's order", to(lyon, byID(t, 2, 3, 1)), three, movesSIMs(2, 3, 1)},
		{"ICCIDs in the request's order", to(lyon, byICCID(t, 2, 3, 1)), three, movesSIMs(2, 3, 1)},
		{"a range ascending", to(lyon, byRange(t, 1, 3)), three, movesSIMs(1, 2, 3)},
		{"an id named twice counts once", to(lyon, byID(t, 2, 1, 2, 1)), three, movesSIMs(2, 1)},
		{"an ICCID named twice counts once", to(lyon, byICCID(t, 2, 1, 2, 1)), three, movesSIMs(2, 1)},
		{"500 SIMs", to(lyon, byRange(t, 1, 500)), fresh(500), movesSIMs(ids(fresh(500))...)},
		{"several sources by id", to(lyon, byID(t, 1, 2)), []fleet.SIMState{sim(1), sim(2, in(vienna))}, movesSIMs(1, 2)},
		{"within Brazil", to(rio, byID(t, 1)), []fleet.SIMState{sim(1, in(saoPaulo))}, movesSIMs(1)},
		{"out of a reseller's Workspace", to(lyon, byID(t, 1)), []fleet.SIMState{sim(1, in(reseller))}, movesSIMs(1)},
		{"out of a suspended Workspace", to(lyon, byID(t, 1)), []fleet.SIMState{sim(1, in(closed))}, movesSIMs(1)},
		{"every status, none being ruled out", to(lyon, byID(t, 1, 2, 3, 4)), inEachStatus(), movesSIMs(1, 2, 3, 4)},
		{"the statuses allowed", allowing(to(lyon, byID(t, 2, 3)), fleet.SIMActivated, fleet.SIMSuspended), inEachStatus(), movesSIMs(2, 3)},
		{"attached SIMs, to be detached", detaching(to(lyon, byID(t, 1))), []fleet.SIMState{sim(1, attached(9001))}, movesSIMs(1)},
		{"detaching what is not attached", detaching(to(lyon, byID(t, 1))), one, movesSIMs(1)},
	})
}

// inEachStatus returns the SIMs 1 to 4: Issued, Activated, Suspended, Factory Test.
func inEachStatus() []fleet.SIMState {
	return []fleet.SIMState{
		sim(1), sim(2, as(fleet.SIMActivated)), sim(3, as(fleet.SIMSuspended)), sim(4, as(fleet.SIMFactoryTest)),
	}
}

func TestPlanRefuses(t *testing.T) {
	runPlanCases(t, []planCase{
		{"1502, the attached ones", to(lyon, byID(t, 3, 2, 1)), []fleet.SIMState{sim(1, attached(9001)), sim(2), sim(3, attached(9003))},
			refuses(because(fleet.SIMsAttached, 3, 1))},
		{"1503, the statuses that are not listed", allowing(to(lyon, byID(t, 4, 3, 2, 1)), fleet.SIMIssued), inEachStatus(),
			refuses(because(fleet.StatusNotAllowed, 4, 3, 2))},
		{"1504, as Observer and as User", to(lyon, byID(t, 1, 2, 3)), []fleet.SIMState{sim(1), sim(2, in(oslo)), sim(3, in(porto))},
			refuses(because(fleet.NoAdminOnSource, 2, 3))},
		{"1505, out of Brazil", to(lyon, byID(t, 1, 2)), []fleet.SIMState{sim(1, in(saoPaulo)), sim(2)},
			refuses(because(fleet.BrazilianBorder, 1))},
		{"1505, into Brazil", to(rio, byID(t, 1, 2)), []fleet.SIMState{sim(1, in(saoPaulo)), sim(2)},
			refuses(because(fleet.BrazilianBorder, 2))},
		{"1506, those that are there already", to(lyon, byID(t, 1, 2)), []fleet.SIMState{sim(1, in(lyon)), sim(2)},
			refuses(because(fleet.AlreadyInTarget, 1))},
		{"1506, a repeated request", to(lyon, byICCID(t, 2, 1)), []fleet.SIMState{sim(1, in(lyon)), sim(2, in(lyon))},
			refuses(because(fleet.AlreadyInTarget, 2, 1))},
		{"1507, by ICCID", to(lyon, byICCID(t, 2, 1)), []fleet.SIMState{sim(1), sim(2, in(vienna))},
			refuses(because(fleet.SeveralSources, 2, 1))},
		{"1507, by range", to(lyon, byRange(t, 1, 9)), []fleet.SIMState{sim(2, in(vienna)), sim(1)},
			refuses(because(fleet.SeveralSources, 1, 2))},
		{"the target is not a second source", to(lyon, byICCID(t, 1, 2)), []fleet.SIMState{sim(1, in(lyon)), sim(2)},
			refuses(because(fleet.AlreadyInTarget, 1))},
		{"nor is it after another", to(lyon, byICCID(t, 2, 1)), []fleet.SIMState{sim(1, in(lyon)), sim(2)},
			refuses(because(fleet.AlreadyInTarget, 1))},
		{"1508, with no SIM", to(reseller, byID(t, 1)), []fleet.SIMState{sim(1)},
			refuses(because(fleet.TargetNoEnterprise))},
		{"1509, with no SIM", to(closed, byID(t, 1)), []fleet.SIMState{sim(1)},
			refuses(because(fleet.TargetSuspended))},
	})
}

func TestPlanCollectsEveryReason(t *testing.T) {
	snap := snapshot(
		sim(1, in(closed), attached(9001), as(fleet.SIMActivated)),
		sim(2, in(oslo), attached(9002), as(fleet.SIMActivated)),
		sim(3, in(saoPaulo), as(fleet.SIMSuspended)),
		sim(4),
	)
	change(snap.Workspaces, closed, func(s *fleet.Standing) { s.Workspace.Type = fleet.ServiceProvider })
	got := decide(t, allowing(to(closed, byICCID(t, 4, 3, 2, 1)), fleet.SIMIssued), snap)
	want := refuses(
		because(fleet.SIMsAttached, 2, 1),
		because(fleet.StatusNotAllowed, 3, 2, 1),
		because(fleet.NoAdminOnSource, 2),
		because(fleet.BrazilianBorder, 3),
		because(fleet.AlreadyInTarget, 1),
		because(fleet.SeveralSources, 4, 3, 2),
		because(fleet.TargetNoEnterprise),
		because(fleet.TargetSuspended),
	)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestConflictMessages(t *testing.T) {
	snap := snapshot(sim(1, in(oslo), attached(9001), as(fleet.SIMActivated)), sim(2, in(rio)), sim(3, in(closed)))
	change(snap.Workspaces, closed, func(s *fleet.Standing) { s.Workspace.Type = fleet.Reseller })
	_, err := fleet.PlanMigration(allowing(to(closed, byRange(t, 1, 9)), fleet.SIMIssued), snap)
	var conflicts *fleet.Conflicts
	if !errors.As(err, &conflicts) {
		t.Fatalf("got %v, want conflicts", err)
	}
	got := make(map[fleet.ConflictCode]string)
	for _, g := range conflicts.Groups {
		got[g.Code] = g.Message
	}
	want := map[fleet.ConflictCode]string{
		1502: "SIM(s) attached to devices",
		1503: "SIM(s) in disallowed status",
		1504: "No admin access on source workspace",
		1505: "Migration between Brazilian and non-Brazilian workspaces is not allowed",
		1506: "SIM(s) already in the target Workspace",
		1507: "SIMs belong to more than one source Workspace",
		1508: "Target Workspace is not an enterprise Workspace",
		1509: "Target Workspace is suspended",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if name := conflicts.Source(conflicts.Groups[0].SIMs[0]).Name; name != "Oslo" {
		t.Errorf("source of the first SIM is %q", name)
	}
	if conflicts.Error() == "" {
		t.Error("the refusal says nothing")
	}
}

func TestPlanFindsNothing(t *testing.T) {
	const noForeign, noNowhere = "workspace with id 500 not found", "workspace with id 999 not found"
	one := []fleet.SIMState{sim(1)}
	emptyRange := fmt.Sprintf("no sim with an iccid from %s to %s found", iccid(1), iccid(9))
	runPlanCases(t, []planCase{
		{"unknown id", to(lyon, byID(t, 7, 1)), one, misses("sim with id 7 not found")},
		{"deleted", to(lyon, byID(t, 7)), []fleet.SIMState{sim(7, as(fleet.SIMDeleted))}, misses("sim with id 7 not found")},
		{"foreign", to(lyon, byID(t, 7)), []fleet.SIMState{sim(7, in(foreign))}, misses("sim with id 7 not found")},
		{"all that is missing, in the request's order", to(lyon, byID(t, 9, 1, 8, 7)),
			[]fleet.SIMState{sim(1), sim(7, in(foreign)), sim(8, as(fleet.SIMDeleted))},
			misses("sim with id 9 not found", "sim with id 8 not found", "sim with id 7 not found")},
		{"ICCIDs", to(lyon, byICCID(t, 9, 1, 7)), []fleet.SIMState{sim(1), sim(7, in(foreign))},
			misses("sim with iccid 8988303000000000009 not found", "sim with iccid 8988303000000000007 not found")},
		{"missing goes before conflicts", to(lyon, byID(t, 1, 9)), []fleet.SIMState{sim(1, attached(9001))}, misses("sim with id 9 not found")},
		{"target unknown", to(nowhere, byID(t, 1)), one, misses(noNowhere)},
		{"target foreign", to(foreign, byID(t, 1)), one, misses(noForeign)},
		{"target observed", to(oslo, byID(t, 1)), one, misses("workspace with id 300 not found")},
		{"target not administered", to(porto, byID(t, 1)), one, misses("workspace with id 310 not found")},
		{"target and SIMs", to(nowhere, byID(t, 1, 8, 9)), one,
			misses(noNowhere, "sim with id 8 not found", "sim with id 9 not found")},
		{"range without a SIM", to(lyon, byRange(t, 1, 9)), nil, misses(emptyRange)},
		{"range of foreign and deleted SIMs", to(lyon, byRange(t, 1, 9)),
			[]fleet.SIMState{sim(1, in(foreign)), sim(2, as(fleet.SIMDeleted))}, misses(emptyRange)},
		{"range and target", to(nowhere, byRange(t, 1, 9)), nil, misses(noNowhere, emptyRange)},
	})
}

func TestRangeSkipsForeignSIMs(t *testing.T) {
	req := to(lyon, byRange(t, 1, 9))
	gap := plan(t, req, snapshot(sim(8), sim(2)))
	if got := ids(gap.SIMs); !slices.Equal(got, []fleet.SIMID{2, 8}) {
		t.Errorf("plan of %v", got)
	}
	hidden := plan(t, req, snapshot(sim(8), sim(5, in(foreign)), sim(2), sim(6, as(fleet.SIMDeleted)), sim(7, in(nowhere))))
	if hidden.ETag() != gap.ETag() {
		t.Error("a foreign SIM in a range can be distinguished from a gap")
	}
}

func TestNotFoundCounts(t *testing.T) {
	_, err := fleet.PlanMigration(to(lyon, byID(t, 7)), snapshot())
	if got := refused(t, err, fleet.NotFound).Message; got != "sim with id 7 not found" {
		t.Errorf("message for one: %q", got)
	}
	_, err = fleet.PlanMigration(to(lyon, byID(t, 7, 8, 9)), snapshot())
	if got := refused(t, err, fleet.NotFound).Message; got != "sim with id 7 not found, and 2 more of this request not found: see errors" {
		t.Errorf("message for three: %q", got)
	}
}

func TestUnknownAndForeignSIMsLookAlike(t *testing.T) {
	say := func(req fleet.MigrationRequest, snap fleet.Snapshot) string {
		_, err := fleet.PlanMigration(req, snap)
		return refused(t, err, fleet.NotFound).Message
	}
	for name, sel := range map[string]fleet.Selector{"id": byID(t, 7), "iccid": byICCID(t, 7), "range": byRange(t, 7, 7)} {
		if none, hidden := say(to(lyon, sel), snapshot()), say(to(lyon, sel), snapshot(sim(7, in(foreign), attached(1)))); none != hidden {
			t.Errorf("by %s: %q of none, %q of a foreign SIM", name, none, hidden)
		}
	}
	known := snapshot(sim(1))
	unknown := snapshot(sim(1))
	delete(unknown.Workspaces, porto)
	if a, b := say(to(porto, byID(t, 1)), known), say(to(porto, byID(t, 1)), unknown); a != b {
		t.Errorf("target: %q where not administered, %q where unknown", a, b)
	}
}

func TestSuperAdminIsAdministratorEverywhere(t *testing.T) {
	snap := snapshot(sim(1), sim(2, in(foreign)), sim(3, in(oslo)))
	for id := range snap.Workspaces {
		change(snap.Workspaces, id, func(s *fleet.Standing) { s.Role = fleet.SuperAdmin })
	}
	if got := decide(t, to(porto, byID(t, 1, 2, 3)), snap); !cmp.Equal(got, movesSIMs(1, 2, 3)) {
		t.Errorf("verdict %+v", got)
	}
	if got := decide(t, to(nowhere, byID(t, 1)), snap); !cmp.Equal(got, misses("workspace with id 999 not found")) {
		t.Errorf("verdict on an unknown target %+v", got)
	}
}

func TestPlanRecordsSources(t *testing.T) {
	p := plan(t, to(lyon, byID(t, 3, 1, 2)), snapshot(sim(1), sim(2, in(vienna)), sim(3, in(vienna))))
	if got := p.Source(p.SIMs[0]).Name; got != "Vienna" {
		t.Errorf("source %q", got)
	}
	if p.Target.Name != "Lyon" {
		t.Errorf("target %q", p.Target.Name)
	}
	got := make(map[fleet.WorkspaceID]int)
	var order []fleet.WorkspaceID
	for _, c := range p.SourceCounts() {
		got[c.Workspace.ID] = c.SIMs
		order = append(order, c.Workspace.ID)
	}
	if diff := cmp.Diff(map[fleet.WorkspaceID]int{berlin: 1, vienna: 2}, got); diff != "" || !slices.IsSorted(order) {
		t.Errorf("counts %v in the order %v", got, order)
	}
}

func TestAfterMigration(t *testing.T) {
	p := plan(t, to(lyon, byID(t, 1)), snapshot(sim(1)))
	for before, after := range map[fleet.SIMStatus]fleet.SIMStatus{
		fleet.SIMIssued:      fleet.SIMIssued,
		fleet.SIMActivated:   fleet.SIMSuspended,
		fleet.SIMSuspended:   fleet.SIMSuspended,
		fleet.SIMFactoryTest: fleet.SIMFactoryTest,
	} {
		want := sim(1, in(lyon), as(after), version(8))
		if diff := cmp.Diff(want, p.After(sim(1, as(before), attached(9001), version(7)))); diff != "" {
			t.Errorf("%s after the move (-want +got):\n%s", before, diff)
		}
	}
}
