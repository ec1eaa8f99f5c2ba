package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

// drifted returns the drift from one set of SIMs to another, with every earlier state available
// as in the ledger.
func drifted(t tester, req fleet.MigrationRequest, before, after fleet.Snapshot) []fleet.SIMDrift {
	t.Helper()
	v := preview(t, plan(t, req, before))
	ledger := make(map[fleet.VersionAt]fleet.SIMState)
	for _, s := range before.SIMs {
		ledger[fleet.VersionAt{SIM: s.ID, Version: s.Version}] = s
	}
	was := make(map[fleet.SIMID]fleet.SIMState)
	for _, at := range v.Changed(req, after) {
		if s, ok := ledger[at]; ok {
			was[at.SIM] = s
		}
	}
	return fleet.Drift(v, req, after, was)
}

func TestDrift(t *testing.T) {
	type changes = []fleet.PropertyChange
	type list = []fleet.SIMDrift
	gone := changes{{Property: fleet.PropertySIM, Was: 1, Now: 0}}
	attachedNow := changes{{Property: fleet.PropertySIM, Was: 0, Now: 1}}
	one := []fleet.SIMState{sim(1, attached(9001))}
	for _, test := range []struct {
		name          string
		sel           fleet.Selector
		before, after []fleet.SIMState
		want          list
	}{
		{"nothing", byID(t, 1), one, one, nil},
		{"a new device name is not a change", byID(t, 1), one,
			[]fleet.SIMState{sim(1, attached(9001), func(s *fleet.SIMState) { s.DeviceName = "renamed" })}, nil},
		{"status", byID(t, 1), one, []fleet.SIMState{sim(1, attached(9001), as(fleet.SIMActivated), version(2))},
			list{{1, iccid(1), changes{{fleet.PropertyStatus, 0, 1}}}}},
		{"detached", byICCID(t, 1), one, []fleet.SIMState{sim(1, version(2))},
			list{{1, iccid(1), changes{{fleet.PropertyDevice, 9001, 0}}}}},
		{"everything", byID(t, 1), one, []fleet.SIMState{sim(1, in(lyon), as(fleet.SIMSuspended), version(4))},
			list{{1, iccid(1), changes{{fleet.PropertyWorkspace, 100, 200}, {fleet.PropertyStatus, 0, 2}, {fleet.PropertyDevice, 9001, 0}}}}},
		{"changed and changed back", byID(t, 1), one, []fleet.SIMState{sim(1, attached(9001), version(3))},
			list{{1, iccid(1), nil}}},
		{"deleted, by id", byID(t, 1), one, []fleet.SIMState{sim(1, as(fleet.SIMDeleted), version(2))},
			list{{1, "", gone}}},
		{"unknown, by ICCID", byICCID(t, 1), one, nil, list{{0, iccid(1), gone}}},
		{"out of sight", byID(t, 1), one, []fleet.SIMState{sim(1, in(foreign), as(fleet.SIMSuspended), version(2))},
			list{{1, "", gone}}},
		{"into sight", byRange(t, 1, 9), []fleet.SIMState{sim(1), sim(5, in(foreign))}, []fleet.SIMState{sim(1), sim(5, version(2))},
			list{{5, iccid(5), attachedNow}}},
		{"in a range all of it, ascending", byRange(t, 1, 9),
			[]fleet.SIMState{sim(2), sim(4), sim(6)},
			[]fleet.SIMState{sim(9), sim(6, as(fleet.SIMActivated), version(2)), sim(4), sim(1)},
			list{{1, iccid(1), attachedNow}, {0, iccid(2), gone}, {6, iccid(6), changes{{fleet.PropertyStatus, 0, 1}}}, {9, iccid(9), attachedNow}}},
		{"a list in the request's order", byID(t, 6, 2, 4),
			[]fleet.SIMState{sim(2), sim(4), sim(6)},
			[]fleet.SIMState{sim(2, in(vienna), version(2)), sim(4), sim(6, in(vienna), version(2))},
			list{{6, iccid(6), changes{{fleet.PropertyWorkspace, 100, 110}}}, {2, iccid(2), changes{{fleet.PropertyWorkspace, 100, 110}}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := to(lyon, test.sel)
			req.DetachDevices = true
			got := drifted(t, req, snapshot(test.before...), snapshot(test.after...))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Drift (-want +got):\n%s", diff)
			}
		})
	}
}

// A tag can be forged, so its version can be one at which the SIM was in another Workspace.
func TestDriftHidesForeignStates(t *testing.T) {
	req := to(lyon, byID(t, 1))
	v := preview(t, plan(t, req, snapshot(sim(1))))
	now := snapshot(sim(1, version(8)))
	for name, was := range map[string]map[fleet.SIMID]fleet.SIMState{
		"in a foreign Workspace":    {1: sim(1, in(foreign), attached(66))},
		"in a Workspace unknown":    {1: sim(1, in(nowhere), attached(66))},
		"no version of this number": nil,
	} {
		want := []fleet.SIMDrift{{SIM: 1, ICCID: iccid(1), Changes: []fleet.PropertyChange{{Property: fleet.PropertySIM, Was: 0, Now: 1}}}}
		if diff := cmp.Diff(want, fleet.Drift(v, req, now, was)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestChangedAsksForThePreviewedVersions(t *testing.T) {
	req := to(lyon, byRange(t, 1, 9))
	v := preview(t, plan(t, req, snapshot(sim(1, version(3)), sim(2, version(4)), sim(3), sim(4))))
	after := snapshot(sim(4), sim(3, in(foreign), version(2)), sim(2, version(9)), sim(1, version(5)), sim(8))
	want := []fleet.VersionAt{{SIM: 1, Version: 3}, {SIM: 2, Version: 4}}
	if diff := cmp.Diff(want, v.Changed(req, after)); diff != "" {
		t.Errorf("Changed (-want +got):\n%s", diff)
	}
}
