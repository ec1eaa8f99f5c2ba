package fleet

// JobEffect counts the SIMs of a job for which the plan has the same effect. It is kept as it was
// when the plan was made; JobCount says what has become of them.
type JobEffect struct {
	Source  WorkspaceID // 0 for identifiers without a SIM
	Home    WorkspaceID // gets the SIMs back from an undo; 0 in other jobs
	Verdict Verdict     // of the plan
	Codes   []ConflictCode
	Change  PlannedChange
	SIMs    int
}

// PlannedChange is what the plan of a job does to a SIM.
type PlannedChange struct {
	Known         bool // there is such a SIM, and the rest is valid
	Before, After SIMStatus
	InDevice      bool // before
	IntoDevice    bool // it is in a device after it
}

// changeOf returns the change of a SIM that stays as it is.
func changeOf(s SIMState) PlannedChange {
	attached := s.Device != 0
	return PlannedChange{Known: true, Before: s.Status, After: s.Status, InDevice: attached, IntoDevice: attached}
}

// Foresee adds the effects on the SIMs to the rows of a plan.
func (p *Plan) Foresee(rows []JobSIM) {
	find := finder{sims: p.SIMs}
	for i := range rows {
		if rows[i].Verdict != VerdictPlanned {
			continue
		}
		if s := find.sim(rows[i].SIM); s != nil {
			after := p.After(*s)
			rows[i].Change.After, rows[i].Change.IntoDevice = after.Status, after.Device != 0
		}
	}
}

// GoesOffline reports whether a SIM that is online is not after the change.
func (c PlannedChange) GoesOffline() bool {
	return c.Known && c.Before == SIMActivated && c.After != SIMActivated
}

// ComesOnline reports whether a SIM that is not online is after the change.
func (c PlannedChange) ComesOnline() bool {
	return c.Known && c.Before != SIMActivated && c.After == SIMActivated
}
