package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/api"
)

const (
	jobsPath      = "/api/v1/migration_job"
	statusJobPath = "/api/v1/sim_status_job"
)

// Job is a job of the server: it moves, activates or suspends any number of SIMs.
type Job struct {
	api.Job
	ETag     string // of its plan, for StartJob; "" until the plan is complete
	Replayed bool   // the response is that of an earlier request with the same idempotency key
}

// The states of a job.
const (
	JobPlanning              = "planning"
	JobPlanned               = "planned" // a dry run: StartJob executes it
	JobRefused               = "refused" // some SIMs cannot be changed, so nothing was
	JobWaiting               = "waiting"
	JobRunning               = "running"
	JobPaused                = "paused"
	JobCompleted             = "completed"
	JobCompletedWithRefusals = "completed_with_refusals"
	JobCancelled             = "cancelled"
	JobFailed                = "failed"
	JobExpired               = "expired"
)

// The verdicts on a SIM of a job.
const (
	VerdictPlanned   = "planned"
	VerdictDone      = "done"
	VerdictRefused   = "refused"
	VerdictDrifted   = "drifted" // it has changed since the plan
	VerdictNotFound  = "not_found"
	VerdictUnchanged = "unchanged" // it had the status already
)

// Ended reports whether the job is in a state that it does not leave.
func (j *Job) Ended() bool {
	switch j.State {
	case JobRefused, JobCompleted, JobCompletedWithRefusals, JobCancelled, JobFailed, JobExpired:
		return true
	}
	return false
}

// Count returns how many SIMs have a verdict.
func (j *Job) Count(verdict string) int {
	for _, c := range j.Counts {
		if c.Verdict == verdict {
			return c.Count
		}
	}
	return 0
}

// PreferWait asks the server to hold the response back until the plan of a new job is complete,
// for at most this number of seconds.
func PreferWait(seconds int) WriteOption {
	return func(h http.Header) { h.Set("Prefer", "wait="+strconv.Itoa(seconds)) }
}

// OffersJobs reports whether the server has jobs. Other servers of the contract do not.
func (c *Client) OffersJobs(ctx context.Context) (bool, error) {
	_, err := c.Jobs(ctx, ListOptions{PerPage: 1})
	if hasStatus(err, http.StatusNotFound) || hasStatus(err, http.StatusMethodNotAllowed) || hasStatus(err, http.StatusNotImplemented) {
		return false, nil
	}
	_, noJSON := errors.AsType[*json.SyntaxError](err)
	_, otherJSON := errors.AsType[*json.UnmarshalTypeError](err)
	if noJSON || otherJSON { // a page for browsers, for example
		return false, nil
	}
	return err == nil, err
}

// CreateMigrationJob makes a job that moves SIMs. With DryRun, the default, it stops when its
// plan is complete; StartJob executes exactly that plan.
//
// Permission: Administrator of the target and of every source, as a user. Errors: IsNotFound for
// a target that the caller does not administer; IsInvalid.
func (c *Client) CreateMigrationJob(ctx context.Context, r api.JobRequest, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobsPath, r, opts)
}

// UploadMigrationJob makes a job that moves the SIMs of a list: CSV or text with ICCIDs. It is for
// lists that are too long for CreateMigrationJob. Of r, Select, Windows, Waves and Gate must not be
// set: an upload cannot have them.
//
// Permission and errors: those of CreateMigrationJob; IsInvalid names the lines that are not valid.
func (c *Client) UploadMigrationJob(ctx context.Context, list []byte, r api.JobRequest, opts ...WriteOption) (*Job, error) {
	if r.Select != nil || r.Windows != nil || r.Waves != nil || r.Gate != nil {
		return nil, errors.New("an upload cannot have Select, Windows, Waves or Gate: use CreateMigrationJob")
	}
	return c.job(ctx, call{method: http.MethodPost, path: jobsPath + "?" + uploadQuery(r).Encode(), body: csv(list), header: headerOf(opts)})
}

// uploadQuery returns the options of a job as query parameters.
func uploadQuery(r api.JobRequest) url.Values {
	q := make(url.Values)
	if r.TargetWorkspace != nil && r.TargetWorkspace.ID != nil {
		q.Set("target_workspace", strconv.FormatInt(int64(*r.TargetWorkspace.ID), 10))
	}
	for name, value := range map[string]api.Optional[bool]{"dry_run": r.DryRun, "auto_detach_devices": r.AutoDetachDevices} {
		if v, ok := value.Get(); ok {
			q.Set(name, strconv.FormatBool(v))
		}
	}
	for name, value := range map[string]api.Optional[string]{
		"on_conflict": r.OnConflict, "not_before": r.NotBefore, "not_after": r.NotAfter, "reference": r.Reference, "reason": r.Reason,
	} {
		if v, ok := value.Get(); ok {
			q.Set(name, v)
		}
	}
	if statuses, ok := r.AllowedSIMStatuses.Get(); ok {
		ids := make([]string, 0, len(statuses))
		for _, s := range statuses {
			if s.ID != nil {
				ids = append(ids, strconv.FormatInt(int64(*s.ID), 10))
			}
		}
		q.Set("allowed_sim_statuses", strings.Join(ids, ","))
	}
	if r.Landing != nil {
		q.Set("landing", r.Landing.Status)
	}
	return q
}

// CreateStatusJob makes a job that activates or suspends SIMs in their Workspaces.
//
// Permission: User or Administrator of each Workspace, as a user. Errors: IsInvalid.
func (c *Client) CreateStatusJob(ctx context.Context, r api.SIMStatusJobRequest, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, statusJobPath, r, opts)
}

// Jobs reads one page of the jobs that the caller made, and of those with a source or target that
// the caller is a member of; the latest first by default.
func (c *Client) Jobs(ctx context.Context, o ListOptions) (*Page[api.Job], error) {
	return list[api.Job](ctx, c, jobsPath, o)
}

// AllJobs iterates over all pages of Jobs, one request per page. It stops at the first error.
func (c *Client) AllJobs(ctx context.Context, o ListOptions) iter.Seq2[api.Job, error] {
	return all[api.Job](ctx, c, jobsPath, o)
}

// Job reads the state and the counts of a job.
//
// Errors: IsNotFound, also for a job that the caller may not see.
func (c *Client) Job(ctx context.Context, id int64) (*Job, error) {
	return c.job(ctx, call{method: http.MethodGet, path: jobPath(id)})
}

// JobSIMs reads one page of the SIMs of a job with their verdicts, in the order of the job.
func (c *Client) JobSIMs(ctx context.Context, id int64, o ListOptions) (*Page[api.JobSIM], error) {
	return list[api.JobSIM](ctx, c, jobPath(id)+"/sim", o)
}

// AllJobSIMs iterates over all pages of JobSIMs, one request per page. It stops at the first
// error.
func (c *Client) AllJobSIMs(ctx context.Context, id int64, o ListOptions) iter.Seq2[api.JobSIM, error] {
	return all[api.JobSIM](ctx, c, jobPath(id)+"/sim", o)
}

// StartJob executes the plan of a dry run, if etag is the ETag of its plan.
//
// Permission: the user who made the job, and Administrators of the target. Errors:
// IsStale for another plan; IsInUse if the job is not planned.
func (c *Client) StartJob(ctx context.Context, id int64, etag string, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/start", nil, append(opts, IfMatch(etag)))
}

// PauseJob lets no further chunk of a job begin until ResumeJob.
func (c *Client) PauseJob(ctx context.Context, id int64, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/pause", nil, opts)
}

// ResumeJob continues a paused job.
func (c *Client) ResumeJob(ctx context.Context, id int64, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/resume", nil, opts)
}

// CancelJob ends a job. SIMs that have moved are not moved back.
func (c *Client) CancelJob(ctx context.Context, id int64, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/cancel", nil, opts)
}

// RetryJob makes a new job from the SIMs that an ended job did not change.
func (c *Client) RetryJob(ctx context.Context, id int64, r api.JobRetryRequest, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/retry", r, opts)
}

// UndoJob makes a job that takes every change of an ended job back, the newest first.
func (c *Client) UndoJob(ctx context.Context, id int64, r api.JobUndoRequest, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/undo", r, opts)
}

func jobPath(id int64) string { return jobsPath + "/" + strconv.FormatInt(id, 10) }

func (c *Client) writeJob(ctx context.Context, path string, body any, opts []WriteOption) (*Job, error) {
	return c.job(ctx, call{method: http.MethodPost, path: path, body: body, header: headerOf(opts)})
}

func (c *Client) job(ctx context.Context, what call) (*Job, error) {
	got, err := c.do(ctx, what)
	if err != nil {
		return nil, err
	}
	body, err := decode[api.Job](what, got)
	if err != nil {
		return nil, err
	}
	return &Job{Job: *body, ETag: got.header.Get("ETag"), Replayed: got.header.Get("Idempotent-Replayed") == "true"}, nil
}
