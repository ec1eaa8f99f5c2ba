package fleet

import (
	"cmp"
	"slices"
)

// UndoRequest is a request to undo a migration, or a part of it.
type UndoRequest struct {
	Migration      MigrationID
	SIMs           []SIMID // of the migration; nil for all of them
	RestoreStatus  bool    // to what it was before the migration
	RestoreDevices bool    // puts SIMs back into the devices that they were in
	DetachDevices  bool    // takes SIMs out of the devices that they are in now instead of refusing
	Note           Note    `json:"-"`
}

// UndoSnapshot is all input of PlanUndo except the request, read at one instant.
type UndoSnapshot struct {
	// Snapshot has the SIMs as they are now, without those that the caller may not see, and the
	// caller's standing in their Workspaces and in those of the entry.
	Snapshot
	Entry   Migration                // with the lines that the caller may see
	Undone  map[SIMID]MigrationID    // SIMs of the entry that an undo of it has moved back
	Devices map[DeviceID]DeviceState // the previous devices that exist
}

// DeviceState is what the planner needs to know of a device that is not deleted.
type DeviceState struct {
	Workspace WorkspaceID
	Name      string
	Held      SIMID // 0 for none
}

// UndoPlan is the effect of an undo: a move for each Workspace that gets SIMs back.
type UndoPlan struct {
	Request UndoRequest
	Entry   Migration
	SIMs    []SIMState // as they are now, in the order of the entry
	Moves   []*Plan    // by the id of their targets
	after   map[SIMID]SIMState
}

// After returns a SIM of the plan after the undo.
func (p *UndoPlan) After(s SIMState) SIMState { return p.after[s.ID] }

// UndoDetail says why a SIM cannot be moved back.
type UndoDetail struct {
	Changes  []UndoChange // since the migration, of conflict 1510
	UndoneBy MigrationID  // of conflict 1512
	Device   Value        // the previous device, of conflict 1511
}

// UndoChange is a property as the migration left it and as it is now.
type UndoChange struct {
	Property Property
	Was, Now Value
}

// Value is an object of a change: a Workspace, a status or a device; the ID is 0 for none.
type Value struct {
	ID   int64
	Name string
}

// PlanUndo plans the way back for the SIMs of a migration with the rules of PlanMigration. It
// returns
//
//   - an Error of Lines;
//   - an Error NotFound if the caller does not administer a Workspace that gets SIMs back, or is
//     not a member of the entry's target;
//   - *Conflicts with every reason why the SIMs cannot be moved back;
//   - an UndoPlan.
func PlanUndo(req UndoRequest, snap UndoSnapshot) (*UndoPlan, error) {
	lines, err := req.Lines(snap.Entry)
	if err != nil {
		return nil, err
	}
	if err := undoNotFound(lines, snap); err != nil {
		return nil, err
	}
	u := undoPlanner{req: req, snap: snap, now: make(map[SIMID]SIMState, len(snap.SIMs)), detail: make(map[SIMID]UndoDetail)}
	u.plan = UndoPlan{Request: req, Entry: snap.Entry, after: make(map[SIMID]SIMState, len(lines))}
	for _, s := range snap.SIMs {
		u.now[s.ID] = s
	}
	for i := range lines {
		u.line(&lines[i])
	}
	if err := u.conflicts(lines); err != nil {
		return nil, err
	}
	return &u.plan, nil
}

// Lines returns the lines of the request in the order of the entry. It returns an Error NotFound
// if a SIM of the request is not in the entry, and BadRequest for more than MaxSIMs lines.
func (r UndoRequest) Lines(entry Migration) ([]LedgerLine, error) {
	lines, missing := r.lines(entry)
	if n := len(lines); n > MaxSIMs {
		return nil, Invalid("sims", "the migration moved %d SIMs; at most %d can be moved back in one request: name some of them", n, MaxSIMs)
	}
	return lines, missingThings(missing)
}

func (r UndoRequest) lines(entry Migration) (lines []LedgerLine, missing []string) {
	if r.SIMs == nil {
		return entry.Lines, nil
	}
	named := make(map[SIMID]bool, len(r.SIMs))
	for _, id := range r.SIMs {
		named[id] = true
	}
	for _, l := range entry.Lines {
		if named[l.SIM] {
			lines = append(lines, l)
			delete(named, l.SIM)
		}
	}
	for _, id := range r.SIMs {
		if named[id] {
			missing = append(missing, missingSIM("id", id))
		}
	}
	return lines, missing
}

// undoNotFound refuses a caller who could not make the same moves as migrations.
func undoNotFound(lines []LedgerLine, snap UndoSnapshot) error {
	var missing []string
	for _, id := range homes(lines) {
		if home := snap.Workspaces[id]; Authorize(&home) == NoAuthority {
			missing = append(missing, missingWorkspace(id))
		}
	}
	if snap.Workspaces[snap.Entry.Target.ID].Role == NoRole {
		for _, l := range lines {
			missing = append(missing, missingSIM("id", l.SIM))
		}
	}
	return missingThings(missing)
}

// homes returns the Workspaces that get SIMs back, by id.
func homes(lines []LedgerLine) []WorkspaceID {
	var ids []WorkspaceID
	for i := range lines {
		ids = append(ids, lines[i].Before.Workspace)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

type undoPlanner struct {
	req    UndoRequest
	snap   UndoSnapshot
	now    map[SIMID]SIMState
	plan   UndoPlan
	detail map[SIMID]UndoDetail

	undone, changed, device []SIMState // that the rules of an undo refuse
}

// line plans the way back of one SIM. A SIM that is no longer where the migration left it is
// not checked further.
func (u *undoPlanner) line(l *LedgerLine) {
	now, found := u.now[l.SIM]
	if !found {
		now = l.After
	}
	var d UndoDetail
	switch by := u.snap.Undone[l.SIM]; {
	case by != 0:
		d.UndoneBy = by
		u.undone = append(u.undone, now)
	case !found:
		d.Changes = []UndoChange{{PropertySIM, Value{1, "found"}, Value{0, "not found"}}}
		u.changed = append(u.changed, now)
	case now.Workspace != l.After.Workspace:
		d.Changes = u.changes(l, now)
		u.changed = append(u.changed, now)
	default:
		if d.Changes = u.changes(l, now); len(d.Changes) > 0 {
			u.changed = append(u.changed, now)
		}
		if u.req.RestoreDevices && l.Before.Device != 0 && !u.free(l) {
			d.Device = Value{int64(l.Before.Device), l.Before.DeviceName}
			u.device = append(u.device, now)
		}
		u.plan.SIMs = append(u.plan.SIMs, now)
		after := u.req.after(l, now)
		after.DeviceName = u.snap.Devices[after.Device].Name // it may have been renamed
		u.plan.after[l.SIM] = after
	}
	u.detail[l.SIM] = d
}

// changes returns what has happened to a SIM since the migration, as far as it is in the way of
// the request.
func (u *undoPlanner) changes(l *LedgerLine, now SIMState) []UndoChange {
	var list []UndoChange
	was := l.After
	if now.Workspace != was.Workspace {
		return append(list, UndoChange{PropertyWorkspace, u.workspace(was.Workspace), u.workspace(now.Workspace)})
	}
	if now.Status != was.Status && u.req.RestoreStatus {
		list = append(list, UndoChange{PropertyStatus, Value{int64(was.Status), was.Status.String()}, Value{int64(now.Status), now.Status.String()}})
	}
	if now.Device != was.Device && !u.req.DetachDevices {
		list = append(list, UndoChange{PropertyDevice, Value{int64(was.Device), was.DeviceName}, Value{int64(now.Device), now.DeviceName}})
	}
	return list
}

func (u *undoPlanner) workspace(id WorkspaceID) Value {
	return Value{int64(id), u.snap.Workspaces[id].Workspace.Name}
}

// free reports whether the previous device of a SIM can take it back.
func (u *undoPlanner) free(l *LedgerLine) bool {
	d, exists := u.snap.Devices[l.Before.Device]
	return exists && d.Workspace == l.Before.Workspace && d.Held == 0
}

// after returns a SIM after the undo.
func (r UndoRequest) after(l *LedgerLine, now SIMState) SIMState {
	after := now
	after.Workspace, after.Version = l.Before.Workspace, now.Version+1
	after.Device, after.DeviceName, after.Offer = 0, "", 0
	after.Status = now.Status.AfterMigration()
	if r.RestoreStatus {
		after.Status = l.Before.Status
	}
	if r.RestoreDevices {
		after.Device = l.Before.Device
	}
	return after
}

// undoReason is what SIMs of several moves are grouped by.
type undoReason struct {
	code ConflictCode
	rule *Rule
}

// conflicts applies the rules of a migration to every move, and merges their results with those
// of the undo.
func (u *undoPlanner) conflicts(lines []LedgerLine) error {
	groups := make(map[undoReason]*Conflict)
	add := func(code ConflictCode, message string, sims []SIMState, rule *Rule) {
		why := undoReason{code, rule}
		if groups[why] == nil {
			groups[why] = &Conflict{Code: code, Message: message, Rule: rule}
		}
		groups[why].SIMs = append(groups[why].SIMs, sims...)
	}
	for _, home := range homes(lines) {
		move := u.move(home)
		u.plan.Moves = append(u.plan.Moves, move)
		if refusal := findConflicts(move); refusal != nil {
			for _, g := range refusal.Groups {
				if g.SIMs == nil { // the Workspace itself is the reason, one of several
					g.SIMs = move.SIMs
				}
				add(g.Code, g.Message, g.SIMs, g.Rule)
			}
		}
	}
	for _, own := range []struct {
		code    ConflictCode
		message string
		sims    []SIMState
	}{
		{SIMsChanged, "SIM(s) changed since the migration", u.changed},
		{DeviceUnavailable, "The previous device is gone, taken or in another Workspace", u.device},
		{AlreadyUndone, "Already undone", u.undone},
	} {
		if len(own.sims) > 0 {
			add(own.code, own.message, own.sims, nil)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return &Conflicts{Groups: u.inOrder(groups, lines), sources: u.snap.Workspaces, undo: u.detail}
}

// move returns the part of the undo that leads to one Workspace. The SIMs were there before, so
// it does not have to be an enterprise.
func (u *undoPlanner) move(home WorkspaceID) *Plan {
	move := &Plan{
		Request: MigrationRequest{Target: home, DetachDevices: u.req.DetachDevices, Note: u.req.Note},
		Target:  u.snap.Workspaces[home].Workspace, sources: u.snap.Workspaces, stock: true, undo: u.plan.after,
		rules: u.snap.Rules, size: len(u.plan.SIMs),
	}
	move.Request.Select.SIMs = []SIMID{}
	for _, s := range u.plan.SIMs {
		if u.plan.after[s.ID].Workspace == home {
			move.SIMs = append(move.SIMs, s)
			move.Request.Select.SIMs = append(move.Request.Select.SIMs, s.ID)
		}
	}
	return move
}

// inOrder returns the conflicts by code, each with its SIMs in the order of the entry.
func (u *undoPlanner) inOrder(groups map[undoReason]*Conflict, lines []LedgerLine) []Conflict {
	place := make(map[SIMID]int, len(lines))
	for i := range lines {
		place[lines[i].SIM] = i
	}
	list := make([]Conflict, 0, len(groups))
	for _, c := range groups {
		slices.SortFunc(c.SIMs, func(a, b SIMState) int { return cmp.Compare(place[a.ID], place[b.ID]) })
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Conflict) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message)) })
	return list
}
