package fleet

// ConflictCode says why SIMs may not move. The numbers are the wire's.
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
)

// Conflict is one reason and every SIM that it holds back, in the request's order. SIMs
// is empty where the reason is the target itself.
type Conflict struct {
	Code    ConflictCode
	Message string
	SIMs    []SIMState
}

// Conflicts is the refusal of a migration: every reason at once, by ascending code.
type Conflicts struct {
	Groups  []Conflict
	sources map[WorkspaceID]Standing
}

func (c *Conflicts) Error() string {
	return "The SIMs cannot be migrated: " + c.Groups[0].Message
}

// Source is the Workspace in which a SIM of the conflicts is.
func (c *Conflicts) Source(s SIMState) Workspace { return c.sources[s.Workspace].Workspace }

// rule is one row of the conflict table: per SIM, or of the target as a whole.
type rule struct {
	code    ConflictCode
	message string
	holds   func(p *Plan, source Standing, s SIMState) bool
}

// simRules are asked of each SIM, so that a SIM stands in every group that applies.
var simRules = []rule{
	{SIMsAttached, "SIM(s) attached to devices", func(p *Plan, _ Standing, s SIMState) bool {
		return s.Device != 0 && !p.Request.DetachDevices
	}},
	{StatusNotAllowed, "SIM(s) in disallowed status", func(p *Plan, _ Standing, s SIMState) bool {
		return !allowed(p.Request.AllowedStatuses, s.Status)
	}},
	{NoAdminOnSource, "No admin access on source workspace", func(_ *Plan, source Standing, _ SIMState) bool {
		return !source.Role.Administers()
	}},
	{BrazilianBorder, "Migration between Brazilian and non-Brazilian workspaces is not allowed", func(p *Plan, source Standing, _ SIMState) bool {
		return source.Workspace.Brazilian() != p.Target.Brazilian()
	}},
	{AlreadyInTarget, "SIM(s) already in the target Workspace", func(p *Plan, _ Standing, s SIMState) bool {
		return s.Workspace == p.Target.ID
	}},
}

func allowed(list []SIMStatus, s SIMStatus) bool {
	if list == nil {
		return true
	}
	for _, a := range list {
		if a == s {
			return true
		}
	}
	return false
}

func findConflicts(p *Plan, snap Snapshot) error {
	c := &Conflicts{sources: snap.Workspaces}
	for _, r := range simRules {
		var held []SIMState
		for _, s := range p.SIMs {
			if r.holds(p, snap.Workspaces[s.Workspace], s) {
				held = append(held, s)
			}
		}
		c.add(r.code, r.message, held, len(held) > 0)
	}
	movers := leaving(p)
	c.add(SeveralSources, "SIMs belong to more than one source Workspace", movers, p.Request.Select.SIMs == nil && sources(movers) > 1)
	c.add(TargetNoEnterprise, "Target Workspace is not an enterprise Workspace", nil, p.Target.Type != Enterprise)
	c.add(TargetSuspended, "Target Workspace is suspended", nil, p.Target.Status != WorkspaceEnabled)
	if len(c.Groups) == 0 {
		return nil
	}
	return c
}

func (c *Conflicts) add(code ConflictCode, message string, sims []SIMState, applies bool) {
	if applies {
		c.Groups = append(c.Groups, Conflict{code, message, sims})
	}
}

// leaving are the SIMs that would change Workspace: one that is in the target already has
// no source to count.
func leaving(p *Plan) []SIMState {
	movers := make([]SIMState, 0, len(p.SIMs))
	for _, s := range p.SIMs {
		if s.Workspace != p.Target.ID {
			movers = append(movers, s)
		}
	}
	return movers
}

func sources(sims []SIMState) int {
	distinct := make(map[WorkspaceID]struct{})
	for _, s := range sims {
		distinct[s.Workspace] = struct{}{}
	}
	return len(distinct)
}
