package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// maxUnfinishedJobs is how many jobs of one user may be unfinished at once.
const maxUnfinishedJobs = 200

// NewJob is a request for a job.
type NewJob struct {
	Kind    fleet.JobKind
	Target  fleet.WorkspaceID // of JobMigration
	Select  fleet.JobSelection
	Numbers *fleet.Numbers `json:"-"` // ICCIDs in addition to Select; nil for none
	Options fleet.JobOptions
	Note    fleet.Note
	Origin  fleet.JobID // that it retries or undoes, 0 for none
	Draft   *JobOfDraft // whose selection it has, nil for none

	stage store.JobStage // has the parts of its selection; 0 for none
}

// CreateJob makes a job, which a server then plans and, unless it is a dry run, executes.
//
// Permission: MigrateSIMs for a migration, WriteSIMs for a change of status; users only. Errors:
// NotFound for a Workspace that the caller does not administer (the target) or is not a member of
// (in a filter), and for a job that the caller may not see; NotFound and Forbidden of mayUndo;
// BadQuery for a filter; those of once.
func (c *Control) CreateJob(ctx context.Context, caller identity.Principal, n NewJob, w Write[fleet.Job]) (Reply, error) {
	if err := n.Note.Check(); err != nil {
		return Reply{}, err
	}
	if err := c.checkGate(n.Options.Gate); err != nil {
		return Reply{}, err
	}
	stage, err := c.stageParts(ctx, caller, n, func(tx *store.Tx) error { return n.check(ctx, tx, caller) })
	if err != nil {
		return Reply{}, err
	}
	n.stage = stage
	g := guard{need: needOf(n.Kind), replay: func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		n := n
		if _, err := n.selectDraft(ctx, tx, caller); err != nil {
			return err
		}
		return n.check(ctx, tx, caller)
	}}
	r, err := once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[fleet.Job], error) {
		n := n
		j, err := n.insert(ctx, tx, caller)
		return result[fleet.Job]{value: j}, err
	})
	if stage != 0 && (err != nil || r.Replayed) {
		c.dropStage(ctx, stage)
	}
	c.wakeJobs()
	return r, err
}

func needOf(kind fleet.JobKind) identity.Permission {
	if kind == fleet.JobStatus {
		return identity.WriteSIMs
	}
	return identity.MigrateSIMs
}

// check refuses a job that the caller may not create.
func (n NewJob) check(ctx context.Context, tx *store.Tx, caller identity.Principal) error {
	if !caller.UserCredentials() {
		return errOnlyUsers
	}
	workspaces := []fleet.WorkspaceID{n.Target}
	for _, f := range n.Select.Filters {
		workspaces = append(workspaces, f.Workspace)
	}
	standings, err := tx.Standings(ctx, caller.User, fleet.Once(workspaces))
	if err != nil {
		return err
	}
	if target := standings[n.Target]; n.Kind == fleet.JobMigration && fleet.Authorize(fleet.SideInto, &target) == fleet.NoAuthority {
		return fleet.Missing("workspace", int64(n.Target))
	}
	for _, f := range n.Select.Filters {
		if standings[f.Workspace].Role == fleet.NoRole {
			return fleet.Missing("workspace", int64(f.Workspace))
		}
		if _, err := filtered(ctx, tx, f, 0, 1); err != nil { // so that a faulty filter is an answer, not a failed job
			return err
		}
	}
	for _, id := range []*fleet.JobID{n.Select.FailedOf, n.Select.DoneBy} {
		if id == nil {
			continue
		}
		old, err := seenJob(ctx, tx, caller, *id, false)
		if err != nil {
			return err
		}
		if err := n.continues(old); err != nil {
			return err
		}
		if err := n.mayUndo(ctx, tx, caller, old); err != nil {
			return err
		}
	}
	return nil
}

// mayUndo refuses an undo that could not move a single SIM, because the caller administers no
// Workspace that it takes SIMs from, or none that it gives them back to.
func (n NewJob) mayUndo(ctx context.Context, tx *store.Tx, caller identity.Principal, old fleet.Job) error {
	if n.Kind != fleet.JobUndo {
		return nil
	}
	moves := n.wayBack(old)
	var workspaces []fleet.WorkspaceID
	for _, m := range moves {
		workspaces = append(workspaces, m.from, m.to)
	}
	standings, err := tx.Standings(ctx, caller.User, fleet.Once(workspaces))
	if err != nil || len(moves) == 0 {
		return err
	}
	may := func(ws fleet.WorkspaceID, side fleet.Side) bool {
		s := standings[ws]
		return fleet.Authorize(side, &s) != fleet.NoAuthority
	}
	if slices.ContainsFunc(moves, func(m wayBack) bool { return may(m.from, fleet.SideOut) && may(m.to, fleet.SideInto) }) {
		return nil
	}
	for _, m := range moves {
		if !may(m.to, fleet.SideInto) {
			return fleet.Missing("workspace", int64(m.to))
		}
	}
	if from := moves[0].from; standings[from].Role == fleet.NoRole {
		return fleet.Missing("workspace", int64(from))
	}
	return fleet.Errorf(fleet.Forbidden, "Only an Administrator of Workspace %d may take SIMs out of it", moves[0].from)
}

// wayBack has the source and the target of an undo.
type wayBack struct{ from, to fleet.WorkspaceID }

// wayBack returns the moves that an undo of a job, or the retry of an undo, would make, as far as
// the job's counts say.
func (n NewJob) wayBack(old fleet.Job) (moves []wayBack) {
	for _, c := range old.Counts {
		m := wayBack{c.Source, c.Home} // the rest of an undo
		switch {
		case n.Select.DoneBy != nil && c.Verdict != fleet.VerdictDone, n.Select.DoneBy == nil && c.Verdict == fleet.VerdictDone:
			continue
		case n.Select.DoneBy != nil && old.Kind == fleet.JobUndo:
			m = wayBack{c.Home, c.Source}
		case n.Select.DoneBy != nil:
			m = wayBack{old.Target.ID, c.Source}
		}
		if m.from != 0 && m.to != 0 {
			moves = append(moves, m)
		}
	}
	return moves
}

// continues refuses an earlier job that cannot be retried or undone.
func (n NewJob) continues(old fleet.Job) error {
	switch {
	case !old.State.Ended():
		return fleet.Errorf(fleet.InUse, "Job %d is %s: wait until it has ended, or cancel it", old.ID, old.State)
	case n.Kind == fleet.JobUndo && n.Select.DoneBy != nil && old.Kind == fleet.JobStatus:
		return fleet.Errorf(fleet.InUse, "Job %d changed the status of SIMs, which cannot be undone: make a job with the other status", old.ID)
	case n.Select.FailedOf != nil && (old.Kind == fleet.JobUndo) != (n.Kind == fleet.JobUndo):
		return fleet.Errorf(fleet.InUse, "Job %d is an undo: retry it, or select its SIMs", old.ID)
	}
	return nil
}

// reasoned refuses a migration without a reason if its target, or the Workspace of a filter,
// requires one. Other sources are known only when the job is planned: its SIMs are then refused.
func (n *NewJob) reasoned(ctx context.Context, tx *store.Tx, caller identity.Principal) error {
	if n.Kind != fleet.JobMigration {
		return nil
	}
	places := []fleet.WorkspaceID{n.Target}
	for _, f := range n.Select.Filters {
		places = append(places, f.Workspace)
	}
	standings, err := tx.Standings(ctx, caller.User, fleet.Once(places))
	if err != nil {
		return err
	}
	for _, id := range places {
		if ws := standings[id].Workspace; n.Note.WithoutReason(ws) {
			refusal := fleet.Errorf(fleet.ValidationFailed, "reason: Workspace %d requires a reason for SIMs that leave or enter it: send reason", ws.ID)
			refusal.Field, refusal.Problems = "reason", []fleet.Problem{{Code: fleet.Required, Message: refusal.Message}}
			return refusal
		}
	}
	return nil
}

func (n *NewJob) insert(ctx context.Context, tx *store.Tx, caller identity.Principal) (j fleet.Job, err error) {
	draft, err := n.selectDraft(ctx, tx, caller)
	if err != nil {
		return j, err
	}
	if err := n.check(ctx, tx, caller); err != nil {
		return j, err
	}
	if end := n.Options.NotAfter; !end.IsZero() && !tx.Now().Before(end) {
		return j, fleet.Invalid("not_after", "it has passed: no chunk of the job could begin")
	}
	if err := n.reasoned(ctx, tx, caller); err != nil {
		return j, err
	}
	unfinished, err := tx.UnfinishedJobs(ctx, caller.User)
	if err != nil {
		return j, err
	}
	if unfinished >= maxUnfinishedJobs {
		return j, fleet.Errorf(fleet.InUse, "You have %d unfinished jobs: wait for them, or cancel some", unfinished)
	}
	if j, err = n.store(ctx, tx, caller); err != nil {
		return j, err
	}
	if err := n.keepDraft(ctx, tx, caller, draft, j.ID); err != nil {
		return j, err
	}
	return j, auditJob(ctx, tx, caller, fleet.AuditJobCreated, j)
}

// store writes a job and the parts of its selection. It does not check rights.
func (n *NewJob) store(ctx context.Context, tx *store.Tx, caller identity.Principal) (j fleet.Job, err error) {
	j = fleet.Job{
		Kind: n.Kind, State: fleet.JobPlanning, Details: fleet.JobDetails{State: fleet.JobPlanning, At: tx.Now(), User: caller.User, Name: caller.Username},
		User: caller.User, Workspace: caller.Workspace, Target: fleet.Workspace{ID: n.Target}, Origin: n.Origin, Options: n.Options, Note: n.Note,
	}
	id, err := tx.InsertJob(ctx, j)
	if err != nil {
		return j, err
	}
	if err := n.insertParts(ctx, tx, id); err != nil {
		return j, err
	}
	return seenJob(ctx, tx, caller, id, false)
}

// auditJob records what a user did with a job, in the logs of the bearer's Workspace and the
// target.
func auditJob(ctx context.Context, tx *store.Tx, caller identity.Principal, action fleet.AuditAction, j fleet.Job) error {
	e := fleet.AuditEntry{Action: action, Subject: fleet.Subject("job", j.ID), Detail: fleet.AuditDetail{Target: j.Target.ID, Status: string(j.State)}}
	for _, ws := range []fleet.WorkspaceID{caller.Workspace, j.Target.ID} {
		if ws != 0 {
			e.Workspaces = append(e.Workspaces, ws)
		}
	}
	e.Workspaces = fleet.Once(e.Workspaces)
	return audit(ctx, tx, caller, e)
}

// seenJob reads a job that the caller may see.
func seenJob(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.JobID, lock bool) (fleet.Job, error) {
	j, found, err := tx.Job(ctx, storeCaller(caller), caller.Workspace, id, lock)
	if err == nil && !found {
		err = fleet.Missing("job", int64(id))
	}
	return j, err
}

// Job reads a job.
//
// Permission: ReadMigrations. Errors: NotFound, also for a job that the caller may not see.
func (c *Control) Job(ctx context.Context, caller identity.Principal, id fleet.JobID) (j fleet.Job, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return j, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		j, err = seenJob(ctx, tx, caller, id, false)
		return err
	})
	return j, err
}

// ListJobs reads one page of the jobs that the caller may see.
//
// Permission: ReadMigrations.
func (c *Control) ListJobs(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[fleet.Job], err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Jobs(ctx, storeCaller(caller), caller.Workspace, l)
		return err
	})
	return page, err
}

// JobSIMs are SIMs of a job, and the names of their sources.
type JobSIMs struct {
	fleet.Page[fleet.JobSIM]
	Job     fleet.Job
	Sources map[fleet.WorkspaceID]fleet.Workspace
}

// maxSkipped is how many SIMs of a job a page may skip; later pages need after.
const maxSkipped = 25_000

// ListJobSIMs reads one page of the SIMs of a job that the caller may see, and their total, which
// is not counted but kept.
//
// Permission: ReadMigrations. Errors: NotFound for the job; BadQuery for an unknown verdict or a
// page that is too far; BadSort for a descending order.
func (c *Control) ListJobSIMs(ctx context.Context, caller identity.Principal, id fleet.JobID, l fleet.List) (found JobSIMs, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return found, err
	}
	if slices.ContainsFunc(l.Sort, func(o fleet.Order) bool { return o.Descending }) {
		return found, fleet.Errorf(fleet.BadSort, "sort: the SIMs of a job have one order: leave sort out, or use sort=id")
	}
	verdicts, err := verdictsOf(l)
	if err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		j, err := seenJob(ctx, tx, caller, id, false)
		if err != nil {
			return err
		}
		found = JobSIMs{Job: j, Page: fleet.Page[fleet.JobSIM]{PerPage: l.PerPage, Total: j.Count(verdicts...), Page: 1}, Sources: make(map[fleet.WorkspaceID]fleet.Workspace)}
		p := store.JobSIMPage{Job: j, Verdicts: verdicts, After: l.After, Most: l.PerPage}
		if l.After == nil {
			found.Page.Page, p.Skip = l.At(found.Total)
		}
		if found.Total == 0 { // the job may have millions with other verdicts
			return nil
		}
		if p.Skip > maxSkipped {
			return fleet.Errorf(fleet.BadQuery, "page: only the first %d SIMs can be reached by page: use after with the X-Next of the page before", maxSkipped)
		}
		for _, s := range j.Sources {
			found.Sources[s.ID] = s
		}
		found.Items, err = tx.JobSIMsAfter(ctx, storeCaller(caller), caller.Workspace, p)
		return err
	})
	return found, err
}

// noVerdict is a verdict that no SIM has.
const noVerdict fleet.Verdict = -1

// verdictsOf reads the filters by verdict of a list, all of which must hold; nil for none.
func verdictsOf(l fleet.List) (verdicts []fleet.Verdict, err error) {
	for _, f := range l.Filters {
		if f.Field.Name != "verdict" {
			return nil, fleet.Errorf(fleet.BadQuery, "q: the SIMs of a job can be filtered by verdict only")
		}
		one := []fleet.Verdict{}
		for _, text := range f.Texts {
			v, ok := fleet.ParseVerdict(text)
			if !ok {
				return nil, fleet.Errorf(fleet.BadQuery, "q: %q is not a verdict; known: %s", text, fleet.Keywords(fleet.Verdicts))
			}
			if verdicts == nil || slices.Contains(verdicts, v) {
				one = append(one, v)
			}
		}
		if len(one) == 0 {
			one = []fleet.Verdict{noVerdict}
		}
		verdicts = one
	}
	return verdicts, nil
}

// JobAction is a request to change the state of a job.
type JobAction struct {
	Job fleet.JobID
	Do  JobVerb
	Tag string // of JobStart and JobApprove: If-Match, which must have the ETag of the plan
}

// JobVerb is what a user does with a job.
type JobVerb string

// What users do with jobs.
const (
	JobStart  JobVerb = "start"
	JobPause  JobVerb = "pause"
	JobResume JobVerb = "resume"
	JobCancel JobVerb = "cancel"

	JobApprove JobVerb = "approve" // what a rule requires approval for
	JobReject  JobVerb = "reject"
)

// from are the states in which a verb is possible.
var from = map[JobVerb][]fleet.JobState{
	JobStart:   {fleet.JobPlanned},
	JobPause:   {fleet.JobWaiting, fleet.JobRunning},
	JobResume:  {fleet.JobPaused},
	JobApprove: {fleet.JobWaiting}, JobReject: {fleet.JobWaiting},
	JobCancel: {fleet.JobPlanning, fleet.JobPlanned, fleet.JobWaiting, fleet.JobRunning, fleet.JobPaused},
}

// In reports whether the verb is possible in a state.
func (v JobVerb) In(state fleet.JobState) bool { return slices.Contains(from[v], state) }

// ChangeJob starts, pauses, resumes or cancels a job. A chunk that is being moved is finished or
// not begun: the change and the chunk wait for each other.
//
// Permission: MigrateSIMs, and to be the user who made the job or an Administrator of its target;
// to pause and cancel, an Administrator of a source, or of a Workspace that gets SIMs back from an
// undo, is enough. To approve and reject, an Administrator of a source, but not the creator.
// Errors: NotFound; Forbidden; InUse if
// the state does not allow it; PreconditionStale for another plan; those of once.
func (c *Control) ChangeJob(ctx context.Context, caller identity.Principal, a JobAction, w Write[fleet.Job]) (Reply, error) {
	g := guard{need: identity.MigrateSIMs, replay: func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		_, err := seenJob(ctx, tx, caller, a.Job, false)
		return err
	}}
	r, err := once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[fleet.Job], error) {
		j, err := a.change(ctx, tx, caller)
		return result[fleet.Job]{value: j}, err
	})
	c.wakeJobs()
	c.feeds.changed(a.Job)
	return r, err
}

func (a JobAction) change(ctx context.Context, tx *store.Tx, caller identity.Principal) (j fleet.Job, err error) {
	if j, err = seenJob(ctx, tx, caller, a.Job, true); err != nil {
		return j, err
	}
	if err := a.allowed(ctx, tx, caller, j); err != nil {
		return j, err
	}
	to := map[JobVerb]fleet.JobState{
		JobStart: fleet.JobWaiting, JobPause: fleet.JobPaused, JobResume: fleet.JobWaiting, JobCancel: fleet.JobCancelled,
		JobApprove: fleet.JobWaiting, JobReject: fleet.JobCancelled,
	}[a.Do]
	d := fleet.JobDetails{State: to, At: tx.Now(), User: caller.User, Name: caller.Username, Why: fmt.Sprintf("%s by %s", pastOf[a.Do], caller.Username)}
	switch waits := j.Details.For == fleet.WaitsGate; {
	case a.Do == JobPause && waits:
		d.Gate = true
	case a.Do == JobResume && j.Details.Gate:
		d.For = fleet.WaitsGate
	case a.Do == JobApprove:
		if err := approve(ctx, tx, caller, &j, &d); err != nil {
			return j, err
		}
	}
	setJob(&j, d)
	if err := saveJob(ctx, tx, j, store.JobProgress{}); err != nil {
		return j, err
	}
	j.Version++
	return j, auditJob(ctx, tx, caller, a.Do.auditAction(), j)
}

// auditAction returns how the audit log names the verb.
func (v JobVerb) auditAction() fleet.AuditAction {
	switch v {
	case JobApprove:
		return fleet.AuditJobApproved
	case JobReject:
		return fleet.AuditJobRejected
	}
	return fleet.AuditJobChanged
}

var pastOf = map[JobVerb]string{
	JobStart: "started", JobPause: "paused", JobResume: "resumed", JobCancel: "cancelled", JobApprove: "approved", JobReject: "rejected",
}

// RetryOf returns a request for a job that takes those SIMs of an earlier job that were not
// changed. on_conflict is that of the job unless it is given.
func RetryOf(old fleet.Job, n NewJob, given bool) NewJob {
	options := old.Options
	options.LeaveOut, options.Except, options.ExceptRanges, options.Offer = nil, nil, nil, 0
	options.Auto, options.NotBefore, options.NotAfter = n.Options.Auto, n.Options.NotBefore, n.Options.NotAfter
	if given {
		options.Skip = n.Options.Skip
	}
	return NewJob{Kind: old.Kind, Target: old.Target.ID, Origin: old.ID, Options: options, Note: n.Note, Select: fleet.JobSelection{FailedOf: &old.ID}}
}
