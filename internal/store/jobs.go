package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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

func codesText(codes []fleet.ConflictCode) string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = fmt.Sprint(int(c))
	}
	return strings.Join(texts, ",")
}
