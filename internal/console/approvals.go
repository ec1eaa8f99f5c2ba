package console

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var approvalsRoutes = []route{
	{choices: choices{"show": {"decide", "yours", "decided"}}, pattern: "GET /approvals", need: identity.ReadMigrations, handle: approvalsPage},
	{pattern: "GET /approvals/{id}", need: identity.ReadMigrations, handle: approvalPage},
	{pattern: "POST /approvals/{id}", need: identity.MigrateSIMs, handle: decideJob},
}

// maxWaiting is how many of the waiting jobs the page of approvals looks at, the newest first.
const maxWaiting = 1000

// approvalsData is what the list of jobs that wait for approval shows.
type approvalsData struct {
	Show         string // decide, yours or decided
	Decide, Mine []jobRow
	Past         []decisionRow // of the tab decided
	At           pager
}

// decisionRow is an approval or a rejection in the audit log.
type decisionRow struct {
	When     time.Time
	Who      string
	Approved bool
	Job      fleet.JobID
	What     string // the job, "" if the caller cannot see it
	By       string // the user who made the job
}

// Path returns the address of the job.
func (d decisionRow) Path() string { return jobAddress(d.Job) }

// Rows returns the jobs of the tab.
func (d approvalsData) Rows() []jobRow {
	if d.Show == "yours" {
		return d.Mine
	}
	return d.Decide
}

func approvalsPage(r *request) (reply, error) {
	d := approvalsData{Show: "decide"}
	switch show := r.URL.Query().Get("show"); {
	case show == "yours", show == "decided" && r.caller.May(identity.ReadAudit):
		d.Show = show
	}
	jobs, err := r.waitingJobs()
	if err != nil {
		return reply{}, err
	}
	for _, j := range jobs {
		if row := rowOf(j); j.User == r.caller.User {
			d.Mine = append(d.Mine, row)
		} else {
			d.Decide = append(d.Decide, row)
		}
	}
	if d.Show == "decided" {
		if d.Past, d.At, err = r.decisions(); err != nil {
			return reply{}, err
		}
	}
	return r.page("approvals", "approvals", text("approvals.title"), d)
}

// decisionsPer is how many decisions a page shows.
const decisionsPer = 25

// decisions reads a page of the approvals and rejections of the Workspace, the newest first.
func (r *request) decisions() (rows []decisionRow, at pager, err error) {
	place := placeOf(r.URL.Query(), "-id", decisionsPer)
	l, err := place.list(fleet.AuditList, "action:"+joined([]fleet.AuditAction{fleet.AuditJobApproved, fleet.AuditJobRejected})+",outcome:"+fleet.AuditDone)
	if err != nil {
		return nil, at, err
	}
	read := func(l fleet.List) (fleet.Page[control.AuditRecord], error) {
		return r.control().ListAudit(r.Context(), r.caller, l)
	}
	entries, at, err := readPage(place, l, read, func(a control.AuditRecord) int64 { return int64(a.ID) }, func(after, before string) string {
		v := url.Values{"show": {"decided"}}
		for name, id := range map[string]string{"after": after, "before": before} {
			if id != "" {
				v.Set(name, id)
			}
		}
		return withQuery("/approvals", v)
	})
	if err != nil {
		return nil, at, err
	}
	for _, a := range entries {
		id, err := strconv.ParseInt(a.Subject.ID, 10, 64)
		if err != nil {
			return nil, at, err
		}
		row := decisionRow{When: a.Time, Who: a.Username, Approved: a.Action == fleet.AuditJobApproved, Job: fleet.JobID(id)}
		j, err := r.control().Job(r.Context(), r.caller, row.Job)
		switch {
		case err == nil:
			row.What, row.By = rowOf(j).What, j.Username
		case fleet.CodeOf(err) != fleet.NotFound:
			return nil, at, err
		}
		rows = append(rows, row)
	}
	return rows, at, nil
}

// waitingJobs reads the jobs that wait for the approval of the caller, and those of the caller that
// wait for the approval of others.
func (r *request) waitingJobs() (jobs []fleet.Job, err error) {
	l, err := fleet.ParseList(fleet.JobList, "state:waiting", "-id", "1", strconv.Itoa(maxWaiting))
	if err != nil {
		return nil, err
	}
	page, err := r.control().ListJobs(r.Context(), r.caller, l)
	for _, j := range page.Items {
		if j.Details.For == fleet.WaitsApproval && (j.User == r.caller.User || r.maySign(j)) {
			jobs = append(jobs, j)
		}
	}
	return jobs, err
}

// maySign reports whether the page offers to decide about a job: to an Administrator of a Workspace
// that its SIMs leave, unless they have approved it. The rule decides again when the form is sent.
func (r *request) maySign(j fleet.Job) bool {
	if j.User == r.caller.User || !r.caller.May(identity.MigrateSIMs) {
		return false
	}
	if rules := j.Details.Rules; rules != nil {
		for _, a := range rules.Given {
			if a.User == r.caller.User && a.Tag == j.ETag {
				return false
			}
		}
	}
	return slices.ContainsFunc(j.Sources, func(s fleet.Workspace) bool {
		return slices.ContainsFunc(r.joined, func(m fleet.Membership) bool {
			return m.Workspace.ID == s.ID && (r.caller.SuperAdmin || fleet.Best(m.Roles).Administers())
		})
	})
}

// approvalNote is which approvals a job needs and has.
type approvalNote struct {
	Rules  []fleet.JobRule
	Given  []fleet.JobApproval
	Needed int // Administrators of each source
	Waits  bool
	Until  time.Time
	Path   string // of the page that approves it
}

// noteOf returns the approvals that a job needs; nil if it needs none.
func noteOf(j fleet.Job, now time.Time) *approvalNote {
	n := &approvalNote{Needed: j.NeedsApproval(now), Path: approvalAddress(j.ID)}
	n.Waits = j.State == fleet.JobWaiting && j.Details.For == fleet.WaitsApproval
	if n.Needed == 0 || j.State.Ended() || !j.Started.IsZero() && !n.Waits {
		return nil
	}
	for _, k := range j.Details.Rules.Hits {
		if k.Effect == fleet.RuleApproval && j.Size() > k.Above {
			n.Rules = append(n.Rules, k)
		}
	}
	for _, a := range j.Details.Rules.Given {
		if a.Tag == j.ETag {
			n.Given = append(n.Given, a)
		}
	}
	if n.Waits {
		n.Until = j.Details.Until
	}
	return n
}

func approvalAddress(id fleet.JobID) string {
	return "/approvals/" + strconv.FormatInt(int64(id), 10)
}

// approvalData is what the page of a plan that waits for approval shows.
type approvalData struct {
	jobData
	Note    *approvalNote
	MaySign bool
	Mine    bool // the caller made the job
}

func approvalPage(r *request) (reply, error) { return r.showApproval("") }

// showApproval shows the plan that would be approved. A job that does not wait any more has its own
// page.
func (r *request) showApproval(problem string) (reply, error) {
	j, err := r.job()
	if err != nil {
		return reply{}, err
	}
	d := approvalData{Note: noteOf(j, r.control().Now()), MaySign: r.maySign(j), Mine: j.User == r.caller.User}
	if (d.Note == nil || !d.Note.Waits) && problem == "" {
		return seeOther(jobAddress(j.ID)), nil
	}
	if d.jobData, err = r.jobDataOf(j, jobAddress(j.ID)); err != nil {
		return reply{}, err
	}
	effects, err := r.control().JobEffects(r.Context(), r.caller, j.ID)
	if err != nil {
		return reply{}, err
	}
	d.Plan, d.Problem, d.MaySign = planOf(j, effects), problem, d.MaySign && d.Note != nil
	return r.page("approval", "approvals", d.Title(), d)
}

// decideJob approves the plan that the form names, or rejects the job.
func decideJob(r *request) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	a := control.JobAction{Job: fleet.JobID(id), Tag: r.PostForm.Get("plan")}
	switch r.PostForm.Get("do") {
	case "approve":
		a.Do = control.JobApprove
	case "reject":
		a.Do = control.JobReject
	default:
		if _, err := r.job(); err != nil {
			return reply{}, err
		}
		return unprocessable(r.showApproval(text("approval.choose")))
	}
	res, err := write(r, "console POST /approvals/{id} "+string(a.Do), func(w control.Write[fleet.Job]) (control.Reply, error) {
		return r.control().ChangeJob(r.Context(), r.caller, a, w)
	}, func(fleet.Job) string { return done(jobAddress(a.Job), "approval."+string(a.Do)) })
	switch code := fleet.CodeOf(err); {
	case code == fleet.PreconditionStale:
		return unprocessable(r.showApproval(text("approval.changed")))
	case len(problemsOf(err)) > 0:
		return unprocessable(r.showApproval(problemsOf(err)[0]))
	}
	return res, err
}
