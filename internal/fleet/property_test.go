package fleet_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
)

// Every SIM of the request that the caller may see moves, or a conflict names it or the target,
// or something of the request is not found; no SIM both moves and conflicts.
func TestEverySIMIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snap := drawSnapshot(t)
		req := drawRequest(t, snap)
		asked, _ := fleet.Resolve(req.Select, snap)
		p, err := fleet.PlanMigration(req, snap)
		var conflicts *fleet.Conflicts
		switch {
		case err == nil:
			if diff := cmp.Diff(asked, p.SIMs); diff != "" {
				t.Fatalf("the plan differs from the request (-request +plan):\n%s", diff)
			}
			for _, s := range p.SIMs {
				mayMove(t, req, snap, s)
			}
		case errors.As(err, &conflicts):
			checkConflicts(t, asked, conflicts)
		case fleet.CodeOf(err) != fleet.NotFound:
			t.Fatalf("unexpected error %v", err)
		}
	})
}

// mayMove implements the rules a second time, in the contract's order.
func mayMove(t *rapid.T, req fleet.MigrationRequest, snap fleet.Snapshot, s fleet.SIMState) {
	source, target := snap.Workspaces[s.Workspace], snap.Workspaces[req.Target]
	for rule, broken := range map[string]bool{
		"deleted":          s.Status == fleet.SIMDeleted,
		"attached":         s.Device != 0 && !req.DetachDevices,
		"status":           req.AllowedStatuses != nil && !slices.Contains(req.AllowedStatuses, s.Status),
		"source not ours":  source.Role != fleet.Administrator && source.Role != fleet.SuperAdmin,
		"target not ours":  target.Role != fleet.Administrator && target.Role != fleet.SuperAdmin,
		"Brazil":           (source.Workspace.Country == "BR") != (target.Workspace.Country == "BR"),
		"there already":    s.Workspace == req.Target,
		"target type":      target.Workspace.Type != fleet.Enterprise,
		"target suspended": target.Workspace.Status == fleet.WorkspaceSuspended,
	} {
		if broken {
			t.Errorf("SIM %d moves against the rule %q", s.ID, rule)
		}
	}
}

func checkConflicts(t *rapid.T, asked []fleet.SIMState, c *fleet.Conflicts) {
	order := make(map[fleet.SIMID]int)
	for i, s := range asked {
		order[s.ID] = i
	}
	last := fleet.ConflictCode(0)
	for _, g := range c.Groups {
		if g.Code <= last {
			t.Errorf("code %d comes after %d", g.Code, last)
		}
		last = g.Code
		ofTarget := g.Code == fleet.TargetNoEnterprise || g.Code == fleet.TargetSuspended
		if (len(g.SIMs) == 0) != ofTarget {
			t.Errorf("code %d names %d SIMs", g.Code, len(g.SIMs))
		}
		at := -1
		for _, s := range g.SIMs {
			i, ok := order[s.ID]
			if !ok || i <= at {
				t.Errorf("code %d names SIM %d out of order, or not of the request", g.Code, s.ID)
			}
			at = i
		}
	}
}

func TestMigrationChangesOnlyItsSIMs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, p := drawPlan(t)
		for _, s := range p.SIMs {
			after := p.After(s)
			if after.ID != s.ID || after.ICCID != s.ICCID {
				t.Errorf("SIM %d became SIM %d", s.ID, after.ID)
			}
			if after.Workspace != p.Target.ID || after.Version != s.Version+1 || after.Device != 0 || after.DeviceName != "" {
				t.Errorf("%+v became %+v", s, after)
			}
			if after.Status == fleet.SIMActivated || (s.Status != fleet.SIMActivated && after.Status != s.Status) {
				t.Errorf("status %s became %s", s.Status, after.Status)
			}
		}
	})
}

// apply applies the plan to SIMs in memory.
func apply(p *fleet.Plan, sims []fleet.SIMState) []fleet.SIMState {
	moved := make(map[fleet.SIMID]fleet.SIMState)
	for _, s := range p.SIMs {
		moved[s.ID] = p.After(s)
	}
	after := slices.Clone(sims)
	for i, s := range after {
		if m, ok := moved[s.ID]; ok {
			after[i] = m
		}
	}
	return after
}

func checksum(sims []fleet.SIMState) (sum uint64) {
	for _, s := range sims {
		sum ^= fleet.Checksum(s)
	}
	return sum
}

func TestChecksumDelta(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, snap, p := drawPlan(t)
		before, after := checksum(snap.SIMs), checksum(apply(p, snap.SIMs))
		if before^p.Delta() != after {
			t.Errorf("checksum %x, delta %x, but %x afterwards", before, p.Delta(), after)
		}
		if before == after {
			t.Error("a migration leaves the checksum as it was")
		}
	})
}

func TestARepeatedMigrationIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req, snap, p := drawPlan(t)
		snap.SIMs = apply(p, snap.SIMs)
		got := decide(t, req, snap)
		if diff := cmp.Diff(refuses(because(fleet.AlreadyInTarget, ids(p.SIMs)...)), got); diff != "" {
			t.Errorf("verdict (-want +got):\n%s", diff)
		}
	})
}

func TestPlanningIgnoresTheSnapshotsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snap := drawSnapshot(t)
		req := drawRequest(t, snap)
		shuffled := fleet.Snapshot{Workspaces: snap.Workspaces, SIMs: rapid.Permutation(snap.SIMs).Draw(t, "order"), Rules: snap.Rules}
		kept := slices.Clone(shuffled.SIMs)
		if diff := cmp.Diff(decide(t, req, snap), decide(t, req, shuffled)); diff != "" {
			t.Errorf("verdict in another order (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(kept, shuffled.SIMs); diff != "" {
			t.Errorf("planning changed the snapshot:\n%s", diff)
		}
	})
}

// No result may reveal a SIM in a Workspace where the caller is not a member.
func TestForeignSIMsLookLikeMissingOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snap := drawSnapshot(t)
		req := drawRequest(t, snap)
		bare := snap
		bare.SIMs = slices.DeleteFunc(slices.Clone(snap.SIMs), func(s fleet.SIMState) bool {
			return snap.Workspaces[s.Workspace].Role == fleet.NoRole
		})
		p, err := fleet.PlanMigration(req, snap)
		q, bareErr := fleet.PlanMigration(req, bare)
		if diff := cmp.Diff(visible(err), visible(bareErr)); diff != "" {
			t.Errorf("error with foreign SIMs, and without:\n%s", diff)
		}
		if err == nil && bareErr == nil && p.ETag() != q.ETag() {
			t.Error("a foreign SIM changes the plan")
		}
	})
}

// visible returns everything that the caller sees of an error.
func visible(err error) any {
	var e *fleet.Error
	var c *fleet.Conflicts
	switch {
	case errors.As(err, &e):
		return *e
	case errors.As(err, &c):
		return c.Groups
	}
	return err
}

func TestETagRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req, snap, p := drawPlan(t)
		v := preview(t, p)
		if !v.Matches(p) || !v.SameRequest(req) || plan(t, req, snap).ETag() != p.ETag() {
			t.Error("equal plans have different tags")
		}
		var want []fleet.PreviewedSIM
		for _, s := range p.SIMs {
			key := fleet.SIMKey{ICCID: s.ICCID}
			if req.Select.SIMs != nil {
				key = fleet.SIMKey{ID: s.ID}
			}
			want = append(want, fleet.PreviewedSIM{Key: key, Version: s.Version})
		}
		if diff := cmp.Diff(want, v.Previewed(req.Select)); diff != "" {
			t.Errorf("Previewed (-want +got):\n%s", diff)
		}
	})
}

func TestETagSeesEveryChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _, p := drawPlan(t)
		edited := *p
		edited.SIMs = slices.Clone(p.SIMs)
		s := &edited.SIMs[rapid.IntRange(0, len(p.SIMs)-1).Draw(t, "which")]
		r := &edited.Request
		what := rapid.SampledFrom([]string{"version", "workspace", "status", "device", "detach", "allowed", "target"}).Draw(t, "what")
		switch what {
		case "version":
			s.Version += rapid.Int64Range(1, 1<<40).Draw(t, "by")
		case "workspace":
			s.Workspace = oslo
		case "status":
			s.Status++
		case "device":
			s.Device++
		case "detach":
			r.DetachDevices = !r.DetachDevices
		case "allowed":
			r.AllowedStatuses = append([]fleet.SIMStatus{3}, r.AllowedStatuses...)
		case "target":
			r.Target = rio
		}
		if edited.ETag() == p.ETag() {
			t.Errorf("the tag is the same after the %s changed", what)
		}
	})
}

// Drift is empty exactly if the plan still matches, given that each change of a SIM raises its
// version, and it names exactly the SIMs that changed.
func TestDriftListsChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req, before, p := drawPlan(t)
		after := fleet.Snapshot{Workspaces: before.Workspaces, SIMs: slices.Clone(before.SIMs), Rules: before.Rules}
		for i := range after.SIMs {
			if s := &after.SIMs[i]; rapid.IntRange(0, 9).Draw(t, "touched") == 0 {
				next := drawSIM(t, s.ID, anywhere)
				next.Version = s.Version + 1
				*s = next
			}
		}
		got := drifted(t, req, before, after)
		again, err := fleet.PlanMigration(req, after)
		unchanged := err == nil && preview(t, p).Matches(again)
		if unchanged != (got == nil) {
			t.Fatalf("unchanged: %v (%v), but drift %+v", unchanged, err, got)
		}
		checkDrift(t, req, before, after, got)
	})
}

func checkDrift(t *rapid.T, req fleet.MigrationRequest, before, after fleet.Snapshot, got []fleet.SIMDrift) {
	was, _ := fleet.Resolve(req.Select, before)
	now, _ := fleet.Resolve(req.Select, after)
	want := make(map[fleet.ICCID]bool)
	for _, s := range was {
		want[s.ICCID] = !slices.Contains(now, s)
	}
	for _, s := range now {
		want[s.ICCID] = !slices.Contains(was, s)
	}
	for _, d := range got {
		id := d.ICCID
		if id == "" {
			id = iccid(d.SIM)
		}
		if !want[id] {
			t.Errorf("SIM %s drifts, but did not change, or twice", id)
		}
		delete(want, id)
	}
	for id, changed := range want {
		if changed {
			t.Errorf("SIM %s changed, but does not drift", id)
		}
	}
}
