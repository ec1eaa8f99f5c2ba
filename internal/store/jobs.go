package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

const jobColumns = `j.id, j.kind, j.state, j.details, j.user_id, ` + shownUsername + `, j.workspace_id, COALESCE(j.target_id, 0),
	COALESCE(w.name, ''), COALESCE(j.origin_id, 0), j.options, j.reference, j.reason, j.etag, j.digest, j.created_at,
	COALESCE(j.planned_at, 0), COALESCE(j.started_at, 0), COALESCE(j.ended_at, 0), COALESCE(j.expires_at, 0), j.part, j.position,
	COALESCE(j.cursor, 0), CASE WHEN j.cursor IS NULL THEN 0 ELSE 1 END, j.done, j.wave, j.version, j.attempt, COALESCE(j.next_at, 0)`

const jobTables = " FROM jobs j LEFT JOIN users u ON u.id = j.user_id LEFT JOIN workspaces w ON w.id = j.target_id"

func scanJob(r rows, more ...any) (j fleet.Job, err error) {
	var details, options string
	var created, planned, started, ended, expires, next int64
	var begun int
	dest := append([]any{
		&j.ID, &j.Kind, &j.State, &details, &j.User, &j.Username, &j.Workspace, &j.Target.ID, &j.Target.Name, &j.Origin, &options,
		&j.Note.Reference, &j.Note.Reason, &j.ETag, &j.Digest, &created, &planned, &started, &ended, &expires, &j.Part, &j.Position,
		&j.Cursor, &begun, &j.Done, &j.Wave, &j.Version, &j.Attempt, &next,
	}, more...)
	if err := r.Scan(dest...); err != nil {
		return j, err
	}
	j.Created, j.Planned, j.Started, j.Ended = fromMicros(created), fromMicros(planned), fromMicros(started), fromMicros(ended)
	j.Expires, j.NextAt, j.Begun = fromMicros(expires), fromMicros(next), begun != 0
	return j, errors.Join(json.Unmarshal([]byte(details), &j.Details), json.Unmarshal([]byte(options), &j.Options))
}

var insertJob = insertion("jobs", `kind state details user_id workspace_id target_id origin_id options selection reference reason
	etag digest created_at part position done wave version attempt lease_owner lease_until next_at`, "RETURNING id")

// InsertJob writes a new job and its target, and returns its id.
func (tx *Tx) InsertJob(ctx context.Context, j fleet.Job) (id fleet.JobID, err error) {
	details, err1 := json.Marshal(j.Details)
	options, err2 := json.Marshal(j.Options)
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	err = tx.execReturning(ctx, insertJob, params{
		"kind": string(j.Kind), "state": string(j.State), "details": string(details), "user_id": int64(j.User),
		"workspace_id": int64(j.Workspace), "target_id": orNull(j.Target.ID), "origin_id": orNull(j.Origin),
		"options": string(options), "selection": "{}", "reference": j.Note.Reference, "reason": j.Note.Reason,
		"etag": "", "digest": "", "created_at": micros(tx.now), "next_at": micros(tx.now), "part": 0, "position": 0, "done": 0,
		"wave": 0, "version": 1, "attempt": 0, "lease_owner": "", "lease_until": micros(tx.now),
	}, &id)
	if err == nil && j.Target.ID != 0 {
		err = tx.writeAll(ctx, jobSides(id, 1, map[fleet.WorkspaceID]bool{j.Target.ID: true}))
	}
	return id, err
}

// jobSides adds Workspaces to a job, as sources (side 0), or as what gets SIMs (side 1). 0 is left
// out.
func jobSides(id fleet.JobID, side int, workspaces map[fleet.WorkspaceID]bool) (list []statement) {
	for _, ws := range slices.Sorted(maps.Keys(workspaces)) {
		if ws == 0 {
			continue
		}
		list = append(list, locking("INSERT INTO job_sides (workspace_id, job_id, side) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", int64(ws), int64(id), side))
	}
	return list
}

// AddJobPart adds a part of what a job has to plan; they are numbered from 0.
func (tx *Tx) AddJobPart(ctx context.Context, id fleet.JobID, part int, sel fleet.JobSelection) error {
	text, err := json.Marshal(sel)
	if err != nil {
		return err
	}
	return tx.exec(ctx, "INSERT INTO job_parts (job_id, part, selection) VALUES ($1, $2, $3)", int64(id), part, string(text))
}

// JobStage is a number under which parts of a selection are kept for a job that does not exist yet.
// It is negative, and its absolute value is the time of its beginning in nanoseconds.
type JobStage int64

// stageLife is how long the parts of a stage are kept without a job.
const stageLife = time.Hour

// NewJobStage begins a stage, and deletes the parts of those that have no use any more.
func (tx *Tx) NewJobStage(ctx context.Context) (JobStage, error) {
	err := tx.exec(ctx, `DELETE FROM job_parts WHERE job_id < 0 AND job_id > $1
		AND job_id NOT IN (SELECT stage FROM jobs WHERE stage IS NOT NULL AND ended_at IS NULL)
		AND job_id NOT IN (SELECT stage FROM move_drafts WHERE stage IS NOT NULL AND expires_at > $2)`, -tx.now.Add(-stageLife).UnixNano(), micros(tx.now))
	return JobStage(-tx.now.UnixNano() + rand.Int64N(int64(time.Millisecond))), err //nolint:gosec // not a secret
}

// StageJobPart is AddJobPart for a stage.
func (tx *Tx) StageJobPart(ctx context.Context, stage JobStage, part int, sel fleet.JobSelection) error {
	return tx.AddJobPart(ctx, fleet.JobID(stage), part, sel)
}

// StagedJobParts counts the parts of a stage.
func (tx *Tx) StagedJobParts(ctx context.Context, stage JobStage) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM job_parts WHERE job_id = $1", []any{int64(stage)}, &n)
	return n, err
}

// TakeJobStage gives the parts of a stage to a job.
func (tx *Tx) TakeJobStage(ctx context.Context, id fleet.JobID, stage JobStage) error {
	return tx.exec(ctx, "UPDATE jobs SET stage = $2 WHERE id = $1", int64(id), int64(stage))
}

// DropJobStage deletes the parts of a stage, unless a job or a draft has them.
func (tx *Tx) DropJobStage(ctx context.Context, stage JobStage) error {
	return tx.exec(ctx, "DELETE FROM job_parts WHERE job_id = $1 AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.stage = $1) AND "+notOfDraft, int64(stage))
}

// notOfDraft is the condition that no draft has the parts of a stage: a later preview needs them.
const notOfDraft = "NOT EXISTS (SELECT 1 FROM move_drafts d WHERE d.stage = job_parts.job_id)"

// partsOfJob is the number under which the parts of job $1 are kept.
const partsOfJob = "COALESCE((SELECT j.stage FROM jobs j WHERE j.id = $1), $1)"

// JobPart reads a part of what a job has to plan; found is false behind the last one.
func (tx *Tx) JobPart(ctx context.Context, id fleet.JobID, part int) (sel fleet.JobSelection, found bool, err error) {
	var text string
	found, err = tx.queryRow(ctx, "SELECT selection FROM job_parts WHERE job_id = "+partsOfJob+" AND part = $2", []any{int64(id), part}, &text)
	if err != nil || !found {
		return sel, false, err
	}
	err = json.Unmarshal([]byte(text), &sel)
	return sel, true, err
}

// DropJobParts deletes the parts of a job whose plan is complete, unless a draft has them.
func (tx *Tx) DropJobParts(ctx context.Context, id fleet.JobID) error {
	return tx.exec(ctx, "DELETE FROM job_parts WHERE job_id = "+partsOfJob+" AND "+notOfDraft, int64(id))
}

// JobSelection reads the selection of a job that an earlier version stored in one row.
func (tx *Tx) JobSelection(ctx context.Context, id fleet.JobID) (sel fleet.JobSelection, err error) {
	var text string
	if _, err = tx.queryRow(ctx, "SELECT selection FROM jobs WHERE id = $1", []any{int64(id)}, &text); err != nil {
		return sel, err
	}
	err = json.Unmarshal([]byte(text), &sel)
	return sel, err
}

// WholeJob reads a job with all its counts. It does not check rights.
func (tx *Tx) WholeJob(ctx context.Context, id fleet.JobID) (j fleet.Job, found bool, err error) {
	return tx.Job(ctx, Caller{SuperAdmin: true}, 0, id, false)
}

// JobVersion reads the version of a job, 0 if there is no such job.
func (tx *Tx) JobVersion(ctx context.Context, id fleet.JobID) (version int64, err error) {
	_, err = tx.queryRow(ctx, "SELECT version FROM jobs WHERE id = $1", []any{int64(id)}, &version)
	return version, err
}

// HoldJob reads a job and locks it until the transaction ends. It does not check rights.
func (tx *Tx) HoldJob(ctx context.Context, id fleet.JobID) (j fleet.Job, found bool, err error) {
	query := tx.lockedJob(id, &j, &found)
	err = tx.queryEach(ctx, query.text, query.args, query.scan)
	return j, found, err
}

func (tx *Tx) lockedJob(id fleet.JobID, j *fleet.Job, found *bool) statement {
	text := "SELECT " + jobColumns + jobTables + " WHERE j.id = $1" + tx.dialectSQL("", " FOR NO KEY UPDATE OF j")
	return statement{text, []any{int64(id)}, func(r rows) (err error) {
		*found = true
		*j, err = scanJob(r)
		return err
	}}
}

// HeldJob is what a step of a job begins with.
type HeldJob struct {
	User  UserRecord // who made the job, if Known
	Known bool
	Job   fleet.Job // with all its counts, if Found
	Found bool
}

// HoldStep reads the job of a lease and the user who made it, in one round trip, and keeps both as
// they are until the transaction ends.
func (tx *Tx) HoldStep(ctx context.Context, l JobLease) (h HeldJob, err error) {
	var statements []statement
	if tx.d == Postgres {
		statements = append(statements, shared(userLock, l.User), locking("SELECT 1 FROM users WHERE id = $1 FOR SHARE", int64(l.User)))
	}
	var counts []fleet.JobCount
	err = tx.batch(ctx, append(statements,
		userStatement(&h.User, &h.Known, "u.id = $1", int64(l.User)), tx.lockedJob(l.Job, &h.Job, &h.Found), allJobCounts(l.Job, &counts))...)
	h.Job.Counts = counts
	return h, err
}

// LeaseTime is how long a lease on a job lasts. Each step of the job renews it.
const LeaseTime = 8 * time.Second

// JobLease is the right to work on a job. Attempt is its fencing token.
type JobLease struct {
	Job     fleet.JobID
	User    fleet.UserID // who made the job
	Attempt int64
}

// dueJob selects the job that has waited longest among those that need a server and have none, at
// time $1. Every change of a job moves lease_until to the time of the change or later. If it is
// after $2, a clock has gone back since, and next_at is as wrong: a server must look at the job.
const dueJob = `SELECT id FROM jobs WHERE next_at IS NOT NULL AND (next_at <= $1 AND lease_until <= $1 OR lease_until > $2)
	ORDER BY lease_until, next_at, id LIMIT 1`

// clockBack is how far ahead of now the end of a lease shows that a clock has gone back. The clocks
// of servers may differ a little.
const clockBack = 2 * LeaseTime

// DueJob reports whether a job needs a server and has none.
func (tx *Tx) DueJob(ctx context.Context) (due bool, err error) {
	var id int64
	return tx.queryRow(ctx, dueJob, []any{micros(tx.now), micros(tx.now.Add(clockBack))}, &id)
}

// ClaimJob takes the lease of a job that is due and that no server works on. It has a new attempt,
// so the holder of an earlier lease cannot record anything any more.
func (tx *Tx) ClaimJob(ctx context.Context, owner string) (l JobLease, found bool, err error) {
	found, err = tx.queryRow(ctx, `
		UPDATE jobs SET lease_owner = $3, lease_until = $4, attempt = attempt + 1
		WHERE id = (`+dueJob+tx.dialectSQL("", " FOR UPDATE SKIP LOCKED")+`)
		RETURNING id, user_id, attempt`,
		[]any{micros(tx.now), micros(tx.now.Add(clockBack)), owner, micros(tx.now.Add(LeaseTime))}, &l.Job, &l.User, &l.Attempt)
	return l, found, err
}

// ReleaseJob gives a lease back. Jobs that have waited longer are claimed before this one.
func (tx *Tx) ReleaseJob(ctx context.Context, l JobLease) error {
	return tx.exec(ctx, "UPDATE jobs SET lease_owner = '', lease_until = $3 WHERE id = $1 AND attempt = $2", int64(l.Job), l.Attempt, micros(tx.now))
}

// ErrLeaseLost is the error of a step of a job whose lease another server has taken.
var ErrLeaseLost = errors.New("another server works on this job now")

const jobUpdate = `
	UPDATE jobs SET state = :state, details = :details, etag = :etag, digest = :digest, planned_at = :planned_at,
		started_at = :started_at, ended_at = :ended_at, expires_at = :expires_at, part = :part, position = :position,
		cursor = :cursor, done = :done, wave = :wave, next_at = :next_at, version = version + 1`

var (
	saveJob       = named(jobUpdate + ", lease_until = CASE WHEN lease_until > :now THEN lease_until ELSE :now END WHERE id = :id")
	saveLeasedJob = named(jobUpdate + ", lease_until = :lease_until WHERE id = :id AND attempt = :attempt")
)

// JobProgress is what a step of a job has done.
type JobProgress struct {
	Lease    *JobLease
	Released bool           // gives the lease back: the job needs no server now
	SIMs     []fleet.JobSIM // whose verdicts are new, as for SetVerdicts
}

// SaveJob writes the state and the progress of a job, and adds 1 to its version. With a lease, it
// requires that the lease is still the newest, and renews it or gives it back. On PostgreSQL it
// takes one round trip.
//
// Errors: ErrLeaseLost.
func (tx *Tx) SaveJob(ctx context.Context, j fleet.Job, done JobProgress) error {
	details, err := json.Marshal(j.Details)
	if err != nil {
		return err
	}
	cursor := any(nil)
	if j.Begun {
		cursor = j.Cursor
	}
	save, p := saveJob, params{
		"id": int64(j.ID), "state": string(j.State), "details": string(details), "etag": j.ETag, "digest": j.Digest,
		"planned_at": timeOrNull(j.Planned), "started_at": timeOrNull(j.Started), "ended_at": timeOrNull(j.Ended),
		"expires_at": timeOrNull(j.Expires), "part": j.Part, "position": j.Position, "cursor": cursor, "done": j.Done,
		"wave": j.Wave, "next_at": timeOrNull(j.NextAt),
	}
	switch l := done.Lease; {
	case l == nil:
		p["now"] = micros(tx.now)
	case done.Released: // lease_owner stays: the operator sees which server worked last
		save = saveLeasedJob
		p.add("lease_until attempt", micros(tx.now), l.Attempt)
	default:
		save = saveLeasedJob
		p.add("lease_until attempt", micros(tx.now.Add(LeaseTime)), l.Attempt)
	}
	verdicts := tx.verdicts(j.ID, done.SIMs)
	n, err := tx.writeAllAndCount(ctx, verdicts, save, p)
	if err == nil && n != 1 {
		err = ErrLeaseLost
	}
	return err
}

// writeAllAndCount executes statements that return no rows, and then a named one. It returns how
// many rows the latter has changed. On PostgreSQL it takes one round trip.
func (tx *Tx) writeAllAndCount(ctx context.Context, writes []statement, last namedSQL, p params) (n int64, err error) {
	if tx.d == SQLite || len(writes) == 0 {
		if err := tx.writeAll(ctx, writes); err != nil {
			return 0, err
		}
		return tx.execNamedRows(ctx, last, p)
	}
	args, err := last.args(p)
	if err != nil {
		return 0, tx.recordErr(err)
	}
	err = tx.batch(ctx, append(writes, statement{last.text + " RETURNING 1", args, func(rows) error { n++; return nil }})...)
	return n, err
}

// RunningBeside counts the running jobs, and those of them that move SIMs between the same two
// Workspaces as a job, in either direction. It serializes with itself until the transaction ends,
// so that two jobs do not both begin.
func (tx *Tx) RunningBeside(ctx context.Context, j fleet.Job) (all, same int, err error) {
	if tx.d == Postgres {
		if err := tx.exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", jobsLock); err != nil {
			return 0, 0, err
		}
	}
	_, err = tx.queryRow(ctx, `
		SELECT count(*), COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM job_sides a JOIN job_sides b ON b.job_id = a.job_id AND b.side = `+targetSide+`
				JOIN job_sides c ON c.job_id = o.id AND c.workspace_id = a.workspace_id
				JOIN job_sides d ON d.job_id = o.id AND d.workspace_id = b.workspace_id AND d.side <> c.side
			WHERE a.job_id = $1 AND a.side = `+sourceSide+` AND a.workspace_id <> b.workspace_id) THEN 1 ELSE 0 END), 0)
		FROM jobs o WHERE o.state = 'running' AND o.id <> $1 AND o.next_at IS NOT NULL`, []any{int64(j.ID)}, &all, &same)
	return all, same, err
}

// jobsLock is held by a job that begins.
const jobsLock int64 = 0x51_6d_6a_6f_62_73

// seesJob limits a query on jobs j to those that a reader may see: their own, and those
// of their Workspaces.
func (w *where) seesJob(caller reader) {
	if caller.SuperAdmin {
		return
	}
	side := "EXISTS (SELECT 1 FROM job_sides v WHERE v.job_id = j.id AND " + w.ownSide(caller) + ")"
	if caller.User != 0 {
		side += " OR j.user_id = " + w.arg(int64(caller.User))
	}
	w.and(side)
}

// jobFilterColumns are the columns of jobs j that a list of jobs is filtered by.
var jobFilterColumns = map[string]string{
	"state": "j.state", "kind": "j.kind", "user": "j.user_id", "target_workspace": "j.target_id", "reference": "j.reference",
}

// jobsSeen selects the ids of the jobs that seesJob allows, with those columns that a list filters
// by. Rows of jobs are not read for a list without filters, and others are kept narrow: a list goes
// through all of them.
func (w *where) jobsSeen(caller reader, l fleet.List) string {
	var columns []string
	for _, f := range l.Filters {
		if column := jobFilterColumns[f.Field.Name]; column != "" && !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	if caller.SuperAdmin {
		return "SELECT " + strings.Join(append([]string{"j.id"}, columns...), ", ") + " FROM jobs j"
	}
	var own string
	if caller.User == 0 {
		own = "SELECT DISTINCT v.job_id AS id FROM job_sides v WHERE v.workspace_id = " + w.arg(int64(caller.token))
	} else {
		user := w.arg(int64(caller.User))
		own = "SELECT o.id FROM jobs o WHERE o.user_id = " + user + " UNION SELECT v.job_id FROM job_sides v" +
			" WHERE v.workspace_id IN (SELECT b.workspace_id FROM memberships b WHERE b.user_id = " + user + " AND b.status = " + activeMember + ")"
	}
	if columns == nil {
		return own
	}
	return "SELECT " + strings.Join(append([]string{"j.id"}, columns...), ", ") + " FROM (" + own + ") i CROSS JOIN jobs j WHERE j.id = i.id"
}

// Job reads a job with the counts that the caller may see; found is false if the caller may not
// see it. lock locks it until the transaction ends.
func (tx *Tx) Job(ctx context.Context, caller Caller, token fleet.WorkspaceID, id fleet.JobID, lock bool) (j fleet.Job, found bool, err error) {
	w, as := where{tx: tx}, reader{caller, token}
	w.and("j.id = " + w.arg(int64(id)))
	w.seesJob(as)
	text := "SELECT " + jobColumns + jobTables + " WHERE " + w.String()
	if lock {
		text += tx.dialectSQL("", " FOR NO KEY UPDATE OF j")
	}
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		found = true
		j, err = scanJob(r)
		return err
	})
	if err != nil || !found {
		return j, false, err
	}
	list := []fleet.Job{j}
	err = tx.addJobCounts(ctx, as, list)
	return list[0], true, err
}

var jobListColumns = map[string]string{
	"id": "k.id", "state": "k.state", "kind": "k.kind", "user": "k.user_id", "target_workspace": "k.target_id", "reference": "k.reference",
}

// Jobs reads one page of the jobs that the caller may see. They are found before they are
// filtered, so that those of others are not looked for.
func (tx *Tx) Jobs(ctx context.Context, caller Caller, token fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Job], error) {
	as := reader{caller, token}
	page := fleet.Page[fleet.Job]{PerPage: l.PerPage, Items: []fleet.Job{}}
	ids, total, err := tx.jobPage(ctx, as, l)
	if page.Total = total; err != nil {
		return page, err
	}
	page.Page, _ = l.At(total)
	w := where{tx: tx}
	w.and(w.in("j.id", arrayParam(tx, ids)))
	order := w.orderBy(l, map[string]string{"id": "j.id"})
	err = tx.queryEach(ctx, "SELECT "+jobColumns+jobTables+" WHERE "+w.String()+" ORDER BY "+order, w.args, func(r rows) error {
		j, err := scanJob(r)
		page.Items = append(page.Items, j)
		return err
	})
	if err != nil || len(page.Items) == 0 {
		return page, err
	}
	return page, tx.addJobCounts(ctx, as, page.Items)
}

// jobPage finds the ids of a page of jobs, and how many jobs the list has.
func (tx *Tx) jobPage(ctx context.Context, as reader, l fleet.List) (ids []int64, total int, err error) {
	w := where{tx: tx}
	seen := w.jobsSeen(as, l)
	w.filter(l, jobListColumns)
	perPage := w.arg(l.PerPage) + tx.dialectSQL("", "::bigint")
	last := tx.dialectSQL("max", "GREATEST") + "((SELECT count(*) FROM f) - 1, 0) / " + perPage // as in List.At
	text := "WITH k AS MATERIALIZED (" + seen + "), f AS MATERIALIZED (SELECT k.id FROM k WHERE " + w.String() + ")" +
		" SELECT k.id, (SELECT count(*) FROM f) FROM f k ORDER BY " + w.orderBy(l, jobListColumns) +
		" LIMIT " + perPage + " OFFSET " + perPage + " * " + tx.dialectSQL("min", "LEAST") + "(" + w.arg(l.Page-1) + ", " + last + ")"
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		var id int64
		err := r.Scan(&id, &total)
		ids = append(ids, id)
		return err
	})
	return ids, total, err
}

// addJobCounts fills in the counts and sources that a reader may see; the rule is that of
// fleet.JobReader.
func (tx *Tx) addJobCounts(ctx context.Context, as reader, jobs []fleet.Job) error {
	at := make(map[fleet.JobID]*fleet.Job, len(jobs))
	ids := make([]fleet.JobID, len(jobs))
	for i := range jobs {
		at[jobs[i].ID], ids[i] = &jobs[i], jobs[i].ID
	}
	w := where{tx: tx}
	w.and(w.in("n.job_id", arrayParam(tx, ids)))
	w.and("n.sims > 0")
	w.and(w.seesJobSIM(as, "n.workspace_id", "n.home_id"))
	return tx.queryEach(ctx, `SELECT n.job_id, n.workspace_id, n.home_id, n.verdict, n.sims, COALESCE(s.name, '') FROM job_counts n JOIN jobs j ON j.id = n.job_id
		LEFT JOIN workspaces s ON s.id = n.workspace_id WHERE `+w.String()+" ORDER BY n.job_id, n.workspace_id, n.home_id, n.verdict", w.args, func(r rows) error {
		var id fleet.JobID
		var c fleet.JobCount
		var name string
		if err := r.Scan(&id, &c.Source, &c.Home, &c.Verdict, &c.SIMs, &name); err != nil {
			return err
		}
		j := at[id]
		j.Counts = append(j.Counts, c)
		known := func(ws fleet.Workspace) bool { return ws.ID == c.Source }
		if c.Source != 0 && !slices.ContainsFunc(j.Sources, known) {
			j.Sources = append(j.Sources, fleet.Workspace{ID: c.Source, Name: name})
		}
		return nil
	})
}

// seesJobSIM returns the condition that a reader sees the SIMs of a source of a job j that go back
// to a home. The columns of both are given; they are 0 for none.
func (w *where) seesJobSIM(as reader, source, home string) string {
	if as.SuperAdmin {
		return "1 = 1"
	}
	const moves = "n.verdict IN (" + plannedVerdict + ", " + doneVerdict + ", " + driftedVerdict + ")"
	terms := []string{
		source + " <> 0 AND " + w.member(as, source),
		"j.target_id IS NOT NULL AND " + moves + " AND " + w.member(as, "j.target_id"),
		home + " <> 0 AND " + moves + " AND " + w.member(as, home),
	}
	if as.User != 0 {
		terms = append(terms, source+" = 0 AND j.user_id = "+w.arg(int64(as.User)))
	}
	return "(" + strings.Join(terms, ") OR (") + ")"
}

// member returns the condition that a column is a Workspace of the reader.
func (w *where) member(as reader, column string) string {
	if as.User == 0 {
		return column + " = " + w.arg(int64(as.token))
	}
	return "EXISTS (SELECT 1 FROM memberships b WHERE b.workspace_id = " + column + " AND b.status = " + activeMember +
		" AND b.user_id = " + w.arg(int64(as.User)) + ")"
}

// UnfinishedJobs counts the jobs of a user that have not ended.
func (tx *Tx) UnfinishedJobs(ctx context.Context, user fleet.UserID) (n int, err error) {
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM jobs WHERE user_id = $1 AND ended_at IS NULL", []any{int64(user)}, &n)
	return n, err
}

func codesText(codes []fleet.ConflictCode) string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = fmt.Sprint(int(c))
	}
	return strings.Join(texts, ",")
}
