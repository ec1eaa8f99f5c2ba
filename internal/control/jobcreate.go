package control

import (
	"context"
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
	if target := standings[n.Target]; n.Kind == fleet.JobMigration && fleet.Authorize(&target) == fleet.NoAuthority {
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
	may := func(ws fleet.WorkspaceID) bool {
		s := standings[ws]
		return fleet.Authorize(&s) != fleet.NoAuthority
	}
	if slices.ContainsFunc(moves, func(m wayBack) bool { return may(m.from) && may(m.to) }) {
		return nil
	}
	for _, m := range moves {
		if !may(m.to) {
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
