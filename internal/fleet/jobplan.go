package fleet

import (
	"errors"
	"slices"
	"strconv"
)

// Refusals are the reasons why SIMs of a job are not moved.
type Refusals map[SIMID][]ConflictCode

// PlanSome plans a migration of those SIMs of the snapshot that may move, and says why the others
// may not. The rules are those of PlanMigration; plan is nil if no SIM may move. A target that
// the caller does not administer refuses all with NoAdminOnTarget.
func PlanSome(req MigrationRequest, snap Snapshot) (plan *Plan, refused Refusals) {
	refused = make(Refusals)
	if target := snap.Workspaces[req.Target]; Authorize(&target) == NoAuthority {
		refused.add(NoAdminOnTarget, snap.SIMs)
		return nil, refused
	}
	for len(snap.SIMs) > 0 {
		req.Select = selectAll(snap.SIMs)
		plan, err := PlanMigration(req, snap)
		if err == nil {
			return plan, refused
		}
		snap.Rules.note(err)
		snap.SIMs = refused.without(snap.SIMs, err)
	}
	return nil, refused
}

// note calls Refused for the rules of a refusal.
func (in *RuleInput) note(err error) {
	var conflicts *Conflicts
	if in.Refused == nil || !errors.As(err, &conflicts) {
		return
	}
	for _, g := range conflicts.Groups {
		if g.Rule != nil {
			in.Refused(g)
		}
	}
}

// selectAll selects SIMs by id: they may belong to several Workspaces.
func selectAll(sims []SIMState) Selector {
	ids := make([]SIMID, len(sims))
	for i := range sims {
		ids[i] = sims[i].ID
	}
	return Selector{SIMs: ids}
}

// without adds the reasons of a refusal, and returns the SIMs that are not refused.
func (r Refusals) without(sims []SIMState, err error) []SIMState {
	var conflicts *Conflicts
	if !errors.As(err, &conflicts) {
		r.add(ConflictCode(CodeOf(err)), sims)
		return nil
	}
	for _, g := range conflicts.Groups {
		if len(g.SIMs) == 0 && conflicts.undo == nil { // the reason is the target; an undo has several
			r.add(g.Code, sims)
		}
		r.add(g.Code, g.SIMs)
	}
	rest := slices.DeleteFunc(slices.Clone(sims), func(s SIMState) bool { return r[s.ID] != nil })
	if len(rest) == len(sims) { // the refusal names no SIM
		r.add(conflicts.Groups[0].Code, sims)
		return nil
	}
	return rest
}

func (r Refusals) add(code ConflictCode, sims []SIMState) {
	for _, s := range sims {
		r[s.ID] = append(r[s.ID], code)
	}
}

// PlanStatus plans a change of status. Unchanged SIMs already have it.
func PlanStatus(to SIMStatus, snap Snapshot) (change []SIMState, unchanged map[SIMID]bool, refused Refusals) {
	unchanged, refused = make(map[SIMID]bool), make(Refusals)
	for _, s := range snap.SIMs {
		home := snap.Workspaces[s.Workspace]
		switch {
		case !home.Role.Writes():
			refused[s.ID] = []ConflictCode{ConflictCode(Forbidden)}
		case s.Status == to:
			unchanged[s.ID] = true
		case !s.Status.MayBecome(to):
			refused[s.ID] = []ConflictCode{StatusNotAllowed}
		default:
			change = append(change, s)
		}
	}
	return change, unchanged, refused
}

// Judge sets the verdicts of SIMs of a job that are planned by what the snapshot says of them, and
// returns the snapshot of those that are still planned. A SIM that is not at the version of the
// plan is drifted; one in a Workspace that the user has left is refused. With freeze, which makes
// the plan, Judge sets versions and sources instead, and a SIM that does not exist is not found.
func Judge(rows []JobSIM, snap Snapshot, freeze bool) Snapshot {
	find := finder{sims: snap.SIMs}
	keep := snap
	keep.SIMs = make([]SIMState, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		if row.Verdict != VerdictPlanned {
			continue
		}
		now := find.sim(row.SIM)
		switch {
		case freeze && now == nil:
			row.Verdict = VerdictNotFound
		case freeze:
			row.Version, row.Source, row.ICCID, row.Change = now.Version, now.Workspace, now.ICCID, changeOf(*now)
		case now == nil && snap.Workspaces[row.Source].Role == NoRole:
			row.Verdict, row.Codes = VerdictRefused, []ConflictCode{NoAdminOnSource}
		case now == nil || now.Version != row.Version:
			row.Verdict = VerdictDrifted
		}
		if row.Verdict == VerdictPlanned {
			keep.SIMs = append(keep.SIMs, *now)
		}
	}
	return keep
}

// finder finds SIMs by id. It tries the one after the last one first: stores usually return SIMs in
// the order in which they are sought, and then no index is needed.
type finder struct {
	sims []SIMState
	next int
	at   map[SIMID]int // once a SIM was not the next one
}

// sim returns nil if there is no such SIM.
func (f *finder) sim(id SIMID) *SIMState {
	if f.next < len(f.sims) && f.sims[f.next].ID == id {
		f.next++
		return &f.sims[f.next-1]
	}
	if f.at == nil {
		f.at = make(map[SIMID]int, len(f.sims))
		for i := range f.sims {
			f.at[f.sims[i].ID] = i
		}
	}
	i, exists := f.at[id]
	if !exists {
		return nil
	}
	f.next = i + 1
	return &f.sims[i]
}

// Refuse sets the verdicts of refused SIMs.
func (r Refusals) Refuse(rows []JobSIM) {
	if len(r) == 0 {
		return
	}
	for i := range rows {
		if codes := r[rows[i].SIM]; codes != nil && rows[i].Verdict == VerdictPlanned {
			rows[i].Verdict, rows[i].Codes = VerdictRefused, codes
		}
	}
}

// UndoSome plans the way back for those SIMs that can go back, and says why the others cannot.
func UndoSome(req UndoRequest, snap UndoSnapshot) (plan *UndoPlan, refused Refusals) {
	refused = make(Refusals)
	for len(req.SIMs) > 0 {
		plan, err := PlanUndo(req, snap)
		if err == nil {
			return plan, refused
		}
		snap.Rules.note(err)
		named := make([]SIMState, len(req.SIMs))
		for i, id := range req.SIMs {
			named[i].ID = id
		}
		req.SIMs = selectAll(refused.without(named, err)).SIMs
	}
	return nil, refused
}

// GiveBack sets in the rows of an undo the Workspace to which each SIM returns.
func (m *Migration) GiveBack(rows []JobSIM) {
	homes := make(map[SIMID]WorkspaceID, len(m.Lines))
	for i := range m.Lines {
		homes[m.Lines[i].SIM] = m.Lines[i].Before.Workspace
	}
	for i := range rows {
		rows[i].Home = homes[rows[i].SIM]
	}
}

// WhyRefused describes a reason why a SIM of a job was not moved.
func WhyRefused(code ConflictCode) string {
	for _, r := range simRules {
		if r.code == code {
			return r.message
		}
	}
	switch code {
	case BrazilianBorder:
		return ShippedRules()[0].Message
	case ApprovalRequired:
		return "A rule requires an approval that the job does not have: make the job again"
	case RuleFailed:
		return "A rule cannot be evaluated, so it refuses"
	case TargetNoEnterprise:
		return "Target Workspace is not an enterprise Workspace"
	case TargetSuspended:
		return "Target Workspace is suspended"
	case SIMsChanged:
		return "SIM changed since the migration"
	case DeviceUnavailable:
		return "The previous device is gone, taken or in another Workspace"
	case AlreadyUndone:
		return "Another undo has moved the SIM back"
	case CreatorSuspended:
		return "The user who made the job is suspended or deleted"
	case NoAdminOnTarget:
		return "The user who made the job is no longer Administrator of the target Workspace"
	case ConflictCode(NotFound):
		return "A Workspace of the job is not found for the user who made it"
	case ConflictCode(Forbidden):
		return "The user who made the job may not change SIMs of this Workspace"
	}
	return "Refused"
}

// WithoutLeftOut returns the rows of a plan without those that the options leave out.
func (o JobOptions) WithoutLeftOut(rows []JobSIM) []JobSIM {
	if len(o.LeaveOut)+len(o.Except)+len(o.ExceptRanges) == 0 {
		return rows
	}
	except := make(map[SIMID]bool, len(o.Except))
	for _, id := range o.Except {
		except[id] = true
	}
	return slices.DeleteFunc(rows, func(r JobSIM) bool {
		return except[r.id()] || o.excepts(r) || o.leavesOut(r)
	})
}

// id returns the SIM of a row, or the id that was selected without a SIM; 0 for neither.
func (r *JobSIM) id() SIMID {
	if r.SIM != 0 || len(r.Given) == ICCIDLength {
		return r.SIM
	}
	id, _ := strconv.ParseInt(r.Given, 10, 64) // 0 if it is not a number
	return SIMID(id)
}

// excepts reports whether the ICCID of a row of a plan is one that the options leave out.
func (o JobOptions) excepts(r JobSIM) bool {
	iccid := r.ICCID
	if iccid == "" && len(r.Given) == ICCIDLength {
		iccid = ICCID(r.Given)
	}
	return slices.ContainsFunc(o.ExceptRanges, func(e ICCIDRange) bool { return e.Start <= iccid && iccid <= e.End })
}

// leavesOut reports whether a row of a plan is refused only for reasons that the options leave out.
func (o JobOptions) leavesOut(r JobSIM) bool {
	switch r.Verdict {
	case VerdictNotFound:
		return slices.Contains(o.LeaveOut, ConflictCode(NotFound))
	case VerdictRefused:
		return !slices.ContainsFunc(r.Codes, func(c ConflictCode) bool { return !slices.Contains(o.LeaveOut, c) })
	}
	return false
}
