package fleet_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
)

// The generators use few numbers, so that requests hit SIMs: 40 numbers, some of them used, in
// Workspaces where the caller has different roles.
const drawnNumbers = 40

// anywhere lists the Workspaces of SIMs. Berlin is the most likely, otherwise hardly any SIM
// could move.
var (
	anywhere = []fleet.WorkspaceID{berlin, berlin, berlin, berlin, vienna, lyon, oslo, saoPaulo, foreign, nowhere}
	mostly   = []fleet.WorkspaceID{berlin, berlin, berlin, berlin, berlin, berlin, vienna, foreign}
)

func drawSnapshot(t *rapid.T) fleet.Snapshot {
	snap := snapshot(drawSIMs(t, anywhere)...)
	for _, id := range []fleet.WorkspaceID{berlin, lyon, saoPaulo, oslo} {
		change(snap.Workspaces, id, func(s *fleet.Standing) {
			s.Role = rapid.SampledFrom([]fleet.Role{s.Role, s.Role, fleet.SuperAdmin, fleet.NoRole}).Draw(t, "role")
		})
	}
	return snap
}

func drawSIMs(t *rapid.T, where []fleet.WorkspaceID) []fleet.SIMState {
	taken := rapid.SliceOfNDistinct(rapid.Int64Range(1, drawnNumbers), 1, drawnNumbers, rapid.ID[int64]).Draw(t, "sims")
	sims := make([]fleet.SIMState, len(taken))
	for i, id := range taken {
		sims[i] = drawSIM(t, fleet.SIMID(id), where)
	}
	return sims
}

func drawSIM(t *rapid.T, id fleet.SIMID, where []fleet.WorkspaceID) fleet.SIMState {
	status := rapid.SampledFrom([]fleet.SIMStatus{0, 0, 0, 0, 1, 1, 1, 2, 3, 4}).Draw(t, "status")
	s := sim(id, in(rapid.SampledFrom(where).Draw(t, "workspace")), as(status), version(rapid.Int64Range(0, 300).Draw(t, "version")))
	if rapid.IntRange(0, 3).Draw(t, "attached") == 0 {
		attached(fleet.DeviceID(9000 + id))(&s)
	}
	return s
}

func drawRequest(t *rapid.T, snap fleet.Snapshot) fleet.MigrationRequest {
	req := fleet.MigrationRequest{
		Target:        rapid.SampledFrom([]fleet.WorkspaceID{lyon, lyon, lyon, rio, oslo, closed, nowhere}).Draw(t, "target"),
		Select:        drawSelector(t, snap.SIMs),
		DetachDevices: rapid.Bool().Draw(t, "detach"),
	}
	if rapid.IntRange(0, 3).Draw(t, "restricted") == 0 {
		req.AllowedStatuses = rapid.SliceOfN(rapid.SampledFrom([]fleet.SIMStatus{0, 1, 2, 4}), 1, 4).Draw(t, "allowed")
	}
	return req
}

// drawSelector mostly selects these SIMs, and sometimes any number.
func drawSelector(t *rapid.T, sims []fleet.SIMState) fleet.Selector {
	number := rapid.Map(rapid.SampledFrom(sims), func(s fleet.SIMState) fleet.SIMID { return s.ID })
	if rapid.IntRange(0, 4).Draw(t, "strangers") == 0 {
		number = rapid.Map(rapid.IntRange(1, drawnNumbers), func(n int) fleet.SIMID { return fleet.SIMID(n) })
	}
	named := rapid.SliceOfN(number, 1, 6).Draw(t, "named")
	switch rapid.SampledFrom([]string{"sims", "iccids", "range"}).Draw(t, "form") {
	case "sims":
		return byID(t, named...)
	case "iccids":
		return byICCID(t, named...)
	default:
		return byRange(t, slices.Min(named), slices.Max(named))
	}
}

// drawPlan draws a request that is likely to succeed, and skips the run if it does not.
func drawPlan(t *rapid.T) (fleet.MigrationRequest, fleet.Snapshot, *fleet.Plan) {
	snap := snapshot(drawSIMs(t, mostly)...)
	req := fleet.MigrationRequest{Target: lyon, DetachDevices: true, Select: drawSelector(t, snap.SIMs)}
	if rapid.Bool().Draw(t, "restricted") {
		req.AllowedStatuses = []fleet.SIMStatus{0, 1, 2, 4}
	}
	p, err := fleet.PlanMigration(req, snap)
	if err != nil {
		t.Skip("it may not move")
	}
	return req, snap, p
}
