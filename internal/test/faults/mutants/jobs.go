package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	jobStepFile = "internal/control/jobstep.go"
	jobWorkFile = "internal/control/jobwork.go"
	jobRowsFile = "internal/store/jobs.go"
)

// jobs holds bugs that break a promise of jobs.
var jobs = []faults.Mutation{
	replace("job_lease_unchecked", "a server that lost its lease records a chunk",
		jobRowsFile, "WHERE id = :id AND attempt = :attempt", "WHERE id = :id AND 0 < :attempt"),
	cursorOutside(),
	splitBefore("job_verdict_after_commit", "a chunk is committed before the verdicts of its SIMs are written",
		jobRowsFile, "\tverdicts := tx.verdicts(j.ID, done.SIMs)\n"),
	replace("job_action_unlocked", "an action on a job does not wait for the chunk that is being moved",
		"internal/control/jobaction.go", "if j, err = seenJob(ctx, tx, caller, a.Job, true); err != nil {", "if j, err = seenJob(ctx, tx, caller, a.Job, false); err != nil {"),
	replace("job_verdicts_unwritten", "a chunk moves SIMs and does not record their verdicts",
		jobStepFile, "s.done = rows\n", "s.done = rows[:0]\n"),
	replace("job_rights_once", "a job goes on after the user who made it was suspended",
		jobStepFile, "if known && user.Status == fleet.UserActive {", "if known {"),
	replace("job_plan_unfrozen", "a SIM that changed after the plan is moved",
		"internal/fleet/jobplan.go", "case now == nil || now.Version != row.Version:", "case now == nil:"),
	replace("job_undo_without_status", "the undo of a job does not restore the status",
		jobWorkFile, "RestoreStatus: j.Options.RestoreStatus,", "RestoreStatus: false,"),
	replace("job_conflict_ignored", "a job with on_conflict stop moves the rest",
		"internal/control/jobplanning.go", "case refused > 0 && !j.Options.Skip:", "case refused > 0 && j.Options.Auto && false:"),
	replace("job_sims_shown", "members of one source see the SIMs of the others",
		"internal/store/jobsimlist.go", `w.and(w.seesJobSIM(q.as, "COALESCE(n.source_id, 0)", "COALESCE(n.home_id, 0)"))`, `_ = w.seesJobSIM(q.as, "1", "1")`),
}

// cursorOutside commits the verdicts of a chunk before the progress of its job. It also takes apart
// the round trip that both share on PostgreSQL.
func cursorOutside() faults.Mutation {
	m := splitBefore("job_cursor_outside", "the progress of a job has a transaction of its own, after that of its chunk",
		jobRowsFile, "\treturn tx.execNamedRows(ctx, last, p)\n\t}\n\targs, err := last.args(p)")
	m.Edits = append(m.Edits, faults.Edit{File: jobRowsFile, Old: "if tx.d == SQLite || len(writes) == 0 {", New: "if tx.d == SQLite || len(writes) >= 0 {"})
	return m
}
