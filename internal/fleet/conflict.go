package fleet

import (
	"cmp"
	"slices"
)

// ConflictCode is the reason why SIMs may not move. The numbers are the wire's.
type ConflictCode int

// The conflicts.
const (
	SIMsAttached       ConflictCode = 1502
	StatusNotAllowed   ConflictCode = 1503
	NoAdminOnSource    ConflictCode = 1504
	BrazilianBorder    ConflictCode = 1505
	AlreadyInTarget    ConflictCode = 1506
	SeveralSources     ConflictCode = 1507
	TargetNoEnterprise ConflictCode = 1508
	TargetSuspended    ConflictCode = 1509
	SIMsChanged        ConflictCode = 1510 // of an undo, like the two below
	DeviceUnavailable  ConflictCode = 1511
	AlreadyUndone      ConflictCode = 1512
	InPendingOffer     ConflictCode = 1513
	ReasonRequired     ConflictCode = 1516
	CreatorSuspended   ConflictCode = 1517 // of a job, like the one below
	NoAdminOnTarget    ConflictCode = 1518
)

// Conflict is one reason and every SIM that it blocks, in the request's order. SIMs is empty if
// the reason is the target itself.
type Conflict struct {
	Code    ConflictCode
	Message string
	SIMs    []SIMState
	Rule    *Rule // that is the reason, nil for a reason that is not a row of the rule set
}

// Conflicts is the error of a migration that the rules do not allow: all reasons, by ascending
// code.
type Conflicts struct {
	Groups  []Conflict
	sources map[WorkspaceID]Standing
	undo    map[SIMID]UndoDetail // of an undo
}

// Detail returns why a SIM cannot be moved back; it is empty for a migration.
func (c *Conflicts) Detail(s SIMState) UndoDetail { return c.undo[s.ID] }

func (c *Conflicts) Error() string {
	if c.undo != nil {
		return "The SIMs cannot be moved back: " + c.Groups[0].Message
	}
	return "The SIMs cannot be migrated: " + c.Groups[0].Message
}

// Source returns the Workspace of a SIM of the conflicts.
func (c *Conflicts) Source(s SIMState) Workspace { return c.sources[s.Workspace].Workspace }

// Workspaces returns the Workspaces that the conflicts name, each once: those of the SIMs, and
// for an undo also those that the SIMs have moved on to.
func (c *Conflicts) Workspaces() (ids []WorkspaceID) {
	for _, group := range c.Groups {
		for _, s := range group.SIMs {
			ids = append(ids, s.Workspace)
			for _, change := range c.Detail(s).Changes {
				if change.Property == PropertyWorkspace && change.Now.ID != 0 {
					ids = append(ids, WorkspaceID(change.Now.ID))
				}
			}
		}
	}
	return Once(ids)
}

// rule is a row of the conflict table that is checked for each SIM. Arguments are pointers to
// avoid copies: 500 SIMs are checked against every rule.
type rule struct {
	code    ConflictCode
	message string
	holds   func(p *Plan, source *Standing, s *SIMState) bool
}

// simRules are all checked for every SIM, so that a SIM is in every group that applies.
var simRules = [...]rule{
	{SIMsAttached, "SIM(s) attached to devices", func(p *Plan, _ *Standing, s *SIMState) bool {
		return s.Device != 0 && !p.Request.DetachDevices
	}},
	{StatusNotAllowed, "SIM(s) in disallowed status", func(p *Plan, _ *Standing, s *SIMState) bool {
		return !allowed(p.Request.AllowedStatuses, s.Status)
	}},
	{NoAdminOnSource, "No admin access on source workspace", func(_ *Plan, source *Standing, _ *SIMState) bool {
		return Authorize(source) == NoAuthority
	}},
	{AlreadyInTarget, "SIM(s) already in the target Workspace", func(p *Plan, _ *Standing, s *SIMState) bool {
		return s.Workspace == p.Target.ID
	}},
	{InPendingOffer, "SIM(s) are part of a pending offer: the giver can cancel it", func(p *Plan, _ *Standing, s *SIMState) bool {
		return s.Offer != 0 && s.Offer != p.Request.Offer
	}},
	{ReasonRequired, "A Workspace that SIM(s) leave or enter requires a reason: send reason", func(p *Plan, source *Standing, _ *SIMState) bool {
		asked := source.Other != AuthorityCode // the request that registers a batch has none
		return asked && (p.Request.Note.WithoutReason(source.Workspace) || p.Request.Note.WithoutReason(p.Target))
	}},
}

func allowed(list []SIMStatus, s SIMStatus) bool {
	return list == nil || slices.Contains(list, s)
}

func findConflicts(p *Plan) *Conflicts {
	c := &Conflicts{sources: p.sources}
	blocked, ruled := askRules(p)
	for i, r := range simRules {
		c.add(r.code, r.message, blocked[i], len(blocked[i]) > 0)
	}
	c.Groups = append(c.Groups, ruled...)
	if p.Request.Select.SIMs == nil && severalSources(p) {
		c.add(SeveralSources, "SIMs belong to more than one source Workspace", leaving(p), true)
	}
	c.add(TargetNoEnterprise, "Target Workspace is not an enterprise Workspace", nil, p.Target.Type != Enterprise && !p.stock)
	c.add(TargetSuspended, "Target Workspace is suspended", nil, p.Target.Status != WorkspaceEnabled)
	slices.SortStableFunc(c.Groups, func(a, b Conflict) int { return cmp.Compare(a.Code, b.Code) })
	if len(c.Groups) == 0 {
		return nil
	}
	return c
}

// askRules finds the SIMs that each rule blocks. Those of the rule set are returned as conflicts;
// their other results are recorded in the plan.
func askRules(p *Plan) (blocked [len(simRules)][]SIMState, ruled []Conflict) {
	standings := standingCache{of: p.sources}
	run := ruleRun{in: &p.rules, target: &p.Target, size: max(p.size, len(p.SIMs))}
	for i := range p.SIMs {
		s := &p.SIMs[i]
		source := standings.standing(s.Workspace)
		for r := range simRules {
			if simRules[r].holds(p, source, s) {
				blocked[r] = append(blocked[r], *s)
			}
		}
		run.ask(&source.Workspace, s)
	}
	ruled, p.Hits = run.finish()
	return blocked, ruled
}

func (c *Conflicts) add(code ConflictCode, message string, sims []SIMState, applies bool) {
	if applies {
		c.Groups = append(c.Groups, Conflict{Code: code, Message: message, SIMs: sims})
	}
}

// severalSources reports whether the SIMs leave more than one Workspace. SIMs that are already
// in the target do not count.
func severalSources(p *Plan) bool {
	first := p.Target.ID
	for i := range p.SIMs {
		switch w := p.SIMs[i].Workspace; {
		case w == p.Target.ID || w == first:
		case first == p.Target.ID:
			first = w
		default:
			return true
		}
	}
	return false
}

// leaving returns the SIMs that would change Workspace.
func leaving(p *Plan) []SIMState {
	return slices.DeleteFunc(slices.Clone(p.SIMs), func(s SIMState) bool { return s.Workspace == p.Target.ID })
}
