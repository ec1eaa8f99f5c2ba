package fleet_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

// reader returns the bytes of a fuzz input one by one, and then zeros.
type reader []byte

func (r *reader) next() int {
	if len(*r) == 0 {
		return 0
	}
	b := (*r)[0]
	*r = (*r)[1:]
	return int(b)
}

func pick[T any](r *reader, of ...T) T { return of[r.next()%len(of)] }

// request reads the target, the form of the selector, two numbers for it, and the options. Unlike
// the generators of the property tests, it also returns selectors that no constructor returns.
func (r *reader) request() fleet.MigrationRequest {
	req := to(pick(r, lyon, rio, oslo, closed, reseller, foreign, nowhere, 0, -1), fleet.Selector{})
	form, a, b := r.next()%5, fleet.SIMID(r.next()), fleet.SIMID(r.next())
	switch form {
	case 0:
		req.Select.SIMs = []fleet.SIMID{a, b}
	case 1:
		req.Select.ICCIDs = []fleet.ICCID{iccid(a), iccid(b)}
	case 2:
		req.Select.Range = &fleet.ICCIDRange{Start: iccid(min(a, b)), End: iccid(max(a, b))}
	case 3:
		req.Select.ICCIDs = []fleet.ICCID{}
	}
	req.DetachDevices = r.next()%2 == 1
	for range r.next() % 4 {
		req.AllowedStatuses = append(req.AllowedStatuses, fleet.SIMStatus(r.next()%6))
	}
	return req
}

// world reads a SIM from every five remaining bytes. An id occurs once, as in every store, apart
// from deleted SIMs.
func (r *reader) world() fleet.Snapshot {
	snap := snapshot()
	live := make(map[fleet.SIMID]bool)
	for len(*r) > 0 {
		s := sim(fleet.SIMID(r.next()),
			in(pick(r, berlin, vienna, lyon, oslo, porto, saoPaulo, rio, foreign, closed, nowhere, 0)),
			as(fleet.SIMStatus(r.next()%6)), attached(fleet.DeviceID(r.next())), version(int64(r.next())))
		if s.Status == fleet.SIMDeleted || !live[s.ID] {
			snap.SIMs = append(snap.SIMs, s)
			live[s.ID] = live[s.ID] || s.Status != fleet.SIMDeleted
		}
	}
	return snap
}

func FuzzPlanMigration(f *testing.F) {
	for _, seed := range [][]byte{
		nil,
		{0, 0, 1, 2, 1, 0, 1, 0, 0, 0, 1, 2, 0, 1, 0, 1},                  // two ids, both move
		{0, 1, 2, 1, 0, 1, 0, 1, 0, 1, 9, 1, 2, 1, 2, 9, 1},               // two ICCIDs, refused
		{0, 2, 1, 200, 1, 0, 5, 0, 0, 0, 1, 3, 7, 0, 0, 1, 4, 0, 3, 0, 1}, // a range with a foreign and a deleted SIM
		{1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1},                                 // into Brazil
		{0, 0, 1, 1, 0, 0, 1, 5, 0, 0, 1},                                 // out of it
		{0, 0, 1, 2, 0, 0, 1, 0, 0, 0, 1, 2, 4, 0, 0, 1},                  // not Administrator in the second SIM's Workspace
		{2, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1},                                 // not Administrator in the target
		{3, 0, 1, 1, 0, 0, 1, 8, 0, 0, 1},                                 // a suspended target, there already
		{6, 3, 0, 0, 0, 0, 1, 0, 0, 0, 1},                                 // an unknown target, an empty list
		{0, 4, 0, 0, 1, 2, 9, 9, 1, 10, 5, 0, 0},                          // no selector
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader(data)
		req, snap := r.request(), r.world()
		p, err := fleet.PlanMigration(req, snap)
		var conflicts *fleet.Conflicts
		switch {
		case err == nil:
			checkPlan(t, req, snap, p)
			checkReasons(t, req, snap, nil)
		case errors.As(err, &conflicts):
			if len(conflicts.Groups) == 0 {
				t.Error("refused without a conflict")
			}
			checkReasons(t, req, snap, conflicts.Groups)
		default:
			if e := refused(t, err, fleet.NotFound); len(e.Problems) == 0 {
				t.Error("the NotFound error names no SIM or Workspace")
			}
		}
	})
}

func checkPlan(t *testing.T, req fleet.MigrationRequest, snap fleet.Snapshot, p *fleet.Plan) {
	t.Helper()
	if !snap.Workspaces[req.Target].Role.Administers() {
		t.Errorf("a move into Workspace %d, which the caller does not administer", req.Target)
	}
	for _, s := range p.SIMs {
		role := snap.Workspaces[s.Workspace].Role
		if !role.Administers() || s.Status == fleet.SIMDeleted || s.Workspace == req.Target {
			t.Errorf("SIM %+v moves", s)
		}
	}
	if len(p.SIMs) == 0 {
		return // an empty list, which no constructor accepts
	}
	v := preview(t, p)
	if !v.Matches(p) {
		t.Errorf("preview %s does not match its plan", p.ETag())
	}
	if diff := cmp.Diff([]fleet.VersionAt(nil), v.Changed(req, snap)); diff != "" {
		t.Errorf("a preview reports changes of its own snapshot:\n%s", diff)
	}
}

// reason is a conflict without its text.
type reason struct {
	Code fleet.ConflictCode
	SIMs []fleet.SIMID
}

// checkReasons compares the conflicts with a second implementation of the contract's list: all
// reasons, with all SIMs that they concern.
func checkReasons(t *testing.T, req fleet.MigrationRequest, snap fleet.Snapshot, groups []fleet.Conflict) {
	t.Helper()
	var got []reason
	for _, g := range groups {
		r := reason{Code: g.Code}
		for _, s := range g.SIMs {
			r.SIMs = append(r.SIMs, s.ID)
		}
		got = append(got, r)
	}
	if diff := cmp.Diff(reasons(req, snap), got); diff != "" {
		t.Errorf("reasons of %+v (-contract +planner):\n%s", req, diff)
	}
}

func reasons(req fleet.MigrationRequest, snap fleet.Snapshot) (list []reason) {
	sims, _ := fleet.Resolve(req.Select, snap)
	target := snap.Workspaces[req.Target].Workspace
	leaving := map[fleet.WorkspaceID]bool{}
	blocked := map[fleet.ConflictCode][]fleet.SIMID{}
	for _, s := range sims {
		source := snap.Workspaces[s.Workspace]
		if s.Workspace != req.Target {
			leaving[s.Workspace] = true
		}
		for code, holds := range map[fleet.ConflictCode]bool{
			1502: s.Device != 0 && !req.DetachDevices,
			1503: req.AllowedStatuses != nil && !slices.Contains(req.AllowedStatuses, s.Status),
			1504: source.Role != fleet.Administrator && source.Role != fleet.SuperAdmin,
			1505: (source.Workspace.Country == "BR") != (target.Country == "BR"),
			1506: s.Workspace == req.Target,
			1507: s.Workspace != req.Target,
		} {
			if holds {
				blocked[code] = append(blocked[code], s.ID)
			}
		}
	}
	if req.Select.SIMs != nil || len(leaving) < 2 {
		delete(blocked, 1507)
	}
	if target.Type != fleet.Enterprise {
		blocked[1508] = nil
	}
	if target.Status == fleet.WorkspaceSuspended {
		blocked[1509] = nil
	}
	for _, code := range slices.Sorted(maps.Keys(blocked)) {
		list = append(list, reason{code, blocked[code]})
	}
	return list
}
