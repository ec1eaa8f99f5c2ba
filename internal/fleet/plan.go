package fleet

import (
	"cmp"
	"slices"
)

// MigrationRequest is a request to move the selected SIMs to Target.
type MigrationRequest struct {
	Target          WorkspaceID
	Select          Selector
	AllowedStatuses []SIMStatus // nil allows every status
	DetachDevices   bool        // remove attached SIMs from their devices instead of refusing
	Activate        bool        `json:",omitzero"` // keep Activated SIMs Activated; of a job only
	Note            Note        `json:",omitzero"`
	Offer           OfferID     `json:",omitzero"` // whose SIMs it moves; 0 for none
}

// SIMState is the state of a SIM that the planner needs, at one instant.
type SIMState struct {
	ID         SIMID
	ICCID      ICCID
	Status     SIMStatus
	Workspace  WorkspaceID
	Device     DeviceID // 0 if unattached
	DeviceName string
	Version    int64
	Offer      OfferID // the open offer that it is part of, 0 for none
}

// Standing is a Workspace and the caller's role in it, NoRole if not a member.
type Standing struct {
	Workspace Workspace
	Role      Role
	// Other is an authority over the SIMs that move which does not come from the role.
	Other Authority
}

// Snapshot is all input of the planner except the request, read at one instant: the selected
// SIMs in any Workspace, and the Workspaces of the target and of those SIMs with the caller's
// standing in each.
type Snapshot struct {
	Workspaces map[WorkspaceID]Standing
	SIMs       []SIMState
	// Stock is the Workspace of an issuer that takes its SIMs back; it does not have to be an
	// enterprise. 0 in an ordinary migration.
	Stock WorkspaceID
	Rules RuleInput
}

// Plan is the effect of a migration: every SIM in its state before the move.
type Plan struct {
	Request MigrationRequest
	Target  Workspace
	SIMs    []SIMState // in the request's order; a range ascending
	Hits    []RuleHit  // rules that apply, and do not refuse
	rules   RuleInput
	size    int // SIMs of the request, if there are more than those of the plan
	sources map[WorkspaceID]Standing
	stock   bool               // the target does not have to be an enterprise
	undo    map[SIMID]SIMState // of an undo: the SIMs after the move; nil for a migration
}

// Source returns the Workspace that a SIM of the plan leaves.
func (p *Plan) Source(s SIMState) Workspace { return p.sources[s.Workspace].Workspace }

// After returns the SIM after the move: in the target, without a device, suspended if it was
// activated (unless the request keeps it), at the next version. After an undo it is what was
// previewed.
func (p *Plan) After(s SIMState) SIMState {
	if p.undo != nil {
		return p.undo[s.ID]
	}
	s.Workspace = p.Target.ID
	if !p.Request.Activate || s.Status != SIMActivated {
		s.Status = s.Status.AfterMigration()
	}
	s.Device, s.DeviceName, s.Offer = 0, "", 0
	s.Version++
	return s
}

// SourceCounts returns how many SIMs leave each Workspace, ordered by Workspace id.
func (p *Plan) SourceCounts() []SourceCount {
	counts := make(map[WorkspaceID]int)
	for _, s := range p.SIMs {
		counts[s.Workspace]++
	}
	list := make([]SourceCount, 0, len(counts))
	for id, n := range counts {
		source := p.sources[id]
		list = append(list, SourceCount{Workspace: source.Workspace, SIMs: n, Authority: Authorize(&source)})
	}
	slices.SortFunc(list, func(a, b SourceCount) int { return cmp.Compare(a.Workspace.ID, b.Workspace.ID) })
	return list
}

// SourceCount is the number of SIMs that a migration moves out of one Workspace.
type SourceCount struct {
	Workspace Workspace
	SIMs      int
	Authority Authority // by which they left
}

// RuleSet returns the version of the rule set that decided the plan.
func (p *Plan) RuleSet() int64 {
	if p.rules.Set == nil {
		return 0
	}
	return p.rules.Set.Version
}

// Into returns the authority by which the SIMs enter the target.
func (p *Plan) Into() Authority {
	target := p.sources[p.Target.ID]
	return Authorize(&target)
}

// PlanMigration plans a migration. No other code decides this: a dry run returns its result, a
// real run applies it. It returns
//
//   - an Error NotFound if the target is unknown to the caller, or the caller is not an
//     Administrator there, or a named SIM is unknown, deleted or in a Workspace where the
//     caller is not a member. A range skips such SIMs; a range without others is NotFound;
//   - *Conflicts with every reason why the SIMs may not move;
//   - a Plan.
func PlanMigration(req MigrationRequest, snap Snapshot) (*Plan, error) {
	found, missing := Resolve(req.Select, snap)
	target := snap.Workspaces[req.Target]
	if err := notFound(req, target, found, missing); err != nil {
		return nil, err
	}
	plan := &Plan{Request: req, Target: target.Workspace, SIMs: found, sources: snap.Workspaces, stock: snap.Stock == req.Target, rules: snap.Rules}
	if conflicts := findConflicts(plan); conflicts != nil {
		return nil, conflicts
	}
	return plan, nil
}

// Resolve finds the SIMs of the selector that the caller may see, in the request's order, and
// describes each identifier without a SIM.
func Resolve(sel Selector, snap Snapshot) (found []SIMState, missing []string) {
	switch {
	case sel.Range != nil:
		return inRange(*sel.Range, snap), nil
	case sel.ICCIDs != nil:
		return inOrder(sel.ICCIDs, "iccid", snap, func(s *SIMState) ICCID { return s.ICCID })
	default:
		return inOrder(sel.SIMs, "id", snap, func(s *SIMState) SIMID { return s.ID })
	}
}

func inRange(r ICCIDRange, snap Snapshot) []SIMState {
	found := make([]SIMState, 0, len(snap.SIMs))
	standings := standingCache{of: snap.Workspaces}
	for i := range snap.SIMs {
		if s := &snap.SIMs[i]; standings.visible(s) && r.Start <= s.ICCID && s.ICCID <= r.End {
			found = append(found, *s)
		}
	}
	slices.SortFunc(found, func(a, b SIMState) int { return cmp.Compare(a.ICCID, b.ICCID) })
	return found
}

// inOrder tries the next SIM of the snapshot first: stores usually return SIMs in the request's
// order, and then no index is needed.
func inOrder[K comparable](keys []K, kind string, snap Snapshot, key func(*SIMState) K) (found []SIMState, missing []string) {
	found = make([]SIMState, 0, len(keys))
	standings := standingCache{of: snap.Workspaces}
	var at map[K]int
	next := 0
	for _, k := range keys {
		i, ok := next, next < len(snap.SIMs) && key(&snap.SIMs[next]) == k && standings.visible(&snap.SIMs[next])
		if !ok {
			if at == nil {
				at = index(snap, key)
			}
			i, ok = at[k]
		}
		if !ok {
			missing = append(missing, missingSIM(kind, k))
			continue
		}
		found, next = append(found, snap.SIMs[i]), i+1
	}
	return found, missing
}

// index returns the positions of the visible SIMs.
func index[K comparable](snap Snapshot, key func(*SIMState) K) map[K]int {
	at := make(map[K]int, len(snap.SIMs))
	standings := standingCache{of: snap.Workspaces}
	for i := range snap.SIMs {
		if s := &snap.SIMs[i]; standings.visible(s) {
			at[key(s)] = i
		}
	}
	return at
}

// standingCache caches the last Workspace, because most requests have only one.
type standingCache struct {
	of   map[WorkspaceID]Standing
	id   WorkspaceID
	last Standing
}

func (c *standingCache) standing(id WorkspaceID) *Standing {
	if id != c.id {
		c.id, c.last = id, c.of[id]
	}
	return &c.last
}

// visible reports whether the caller may know that the SIM exists.
func (c *standingCache) visible(s *SIMState) bool {
	return s.Status != SIMDeleted && c.standing(s.Workspace).Role != NoRole
}
