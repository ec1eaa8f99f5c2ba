package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var jobRoutes = []route{
	{choices: verdictChoices, pattern: "GET /jobs/{id}", need: identity.ReadMigrations, handle: jobPage},
	{pattern: "GET /jobs/{id}/sims.csv", need: identity.ReadMigrations, handle: exportJobSIMs},
	{pattern: "POST /jobs/{id}/start", need: identity.MigrateSIMs, handle: startJob},
	{pattern: "POST /jobs/{id}/pause", need: identity.MigrateSIMs, handle: changeJob(control.JobPause)},
	{pattern: "POST /jobs/{id}/resume", need: identity.MigrateSIMs, handle: changeJob(control.JobResume)},
	{pattern: "POST /jobs/{id}/cancel", need: identity.MigrateSIMs, handle: changeJob(control.JobCancel)},
	{pattern: "POST /jobs/{id}/retry", need: identity.MigrateSIMs, handle: retryJob},
	{pattern: "POST /jobs/{id}/activate", need: identity.MigrateSIMs, handle: activateMoved},
	{pattern: "POST /jobs/{id}/undo", need: identity.MigrateSIMs, handle: undoOfJob},
}

// jobData is the template data of the page of a job.
type jobData struct {
	Job       jobRow
	Waves     []waveRow
	SIMs      jobSIMsData
	Steps     []jobMoment
	Rate      int    // SIMs in a second, 0 for unknown
	Remaining string // how long it will take at this rate, "" for unknown
	Refresh   int    // seconds until the page reads itself again, 0 for never
	MayChange bool
	Activable int // SIMs that the job has moved and that can be activated
	CanPause  bool
	CanResume bool
	CanCancel bool
	CanRetry  bool
	CanUndo   bool
	Plan      *planView        // of a preview
	Result    *jobResult       // of a job that has ended, if it moved SIMs
	Draft     *fleet.MoveDraft // of the wizard, nil outside it
	Problem   string           // of the form that was sent
	Typed     string
	Approval  *approvalNote // of a job that needs approval, nil for others
}

// waveRow is a wave of a job.
type waveRow struct {
	Number, SIMs, Settled int
	State                 string // done, now or next
	Then                  string
}

// jobMoment is something that happened to a job.
type jobMoment struct {
	At   time.Time
	What string
	Now  bool
}

func jobPage(r *request) (reply, error) {
	d, err := r.jobData()
	if err != nil {
		return reply{}, err
	}
	return r.showJob(d)
}

func (r *request) showJob(d jobData) (reply, error) {
	nav := "jobs"
	if d.Draft != nil {
		nav = "move"
	}
	return r.pageLive("job", nav, d.Title(), d, d.Refresh)
}

func jobAddress(id fleet.JobID) string { return "/jobs/" + strconv.FormatInt(int64(id), 10) }

// Path returns the address of the page of the job.
func (row jobRow) Path() string { return jobAddress(row.ID) }

func (r *request) job() (fleet.Job, error) {
	id, err := r.id("id")
	if err != nil {
		return fleet.Job{}, err
	}
	return r.control().Job(r.Context(), r.caller, fleet.JobID(id))
}

func (r *request) jobData() (d jobData, err error) {
	j, err := r.job()
	if err != nil {
		return d, err
	}
	return r.jobDataOf(j, jobAddress(j.ID))
}

// jobDataOf reads what a page shows of a job; page is its address.
func (r *request) jobDataOf(j fleet.Job, page string) (d jobData, err error) {
	d.Job = rowOf(j)
	if d.Preview() || d.Job.Ended() && d.Job.Moved > 0 && j.Kind != fleet.JobStatus {
		effects, err := r.control().JobEffects(r.Context(), r.caller, j.ID)
		if err != nil {
			return d, err
		}
		if plan := planOf(j, effects); d.Preview() {
			d.Plan = plan
		} else {
			d.Result = resultOf(d.Job, plan)
		}
	}
	if d.SIMs, err = r.jobSIMs(j, page); err != nil {
		return d, err
	}
	d.Waves, d.Steps = wavesOf(j), momentsOf(j)
	d.rate(r.control().Now())
	d.Approval = noteOf(j, r.control().Now())
	d.MayChange = r.caller.May(identity.MigrateSIMs)
	d.CanPause = control.JobPause.In(j.State)
	d.CanResume = control.JobResume.In(j.State)
	d.CanCancel = control.JobCancel.In(j.State)
	d.CanRetry = j.State.Ended() && d.Job.Stay+d.Job.Left > 0 && j.Count() > 0
	d.CanUndo = j.State.Ended() && d.Job.Moved > 0 && j.Kind != fleet.JobStatus
	d.Activable = activable(d.Job)
	if moving(j.State) {
		d.Refresh = 2
	}
	return d, nil
}

// activable returns how many SIMs a job has moved that can be activated.
func activable(row jobRow) int {
	if row.Ended() && row.Kind == fleet.JobMigration && !row.Options.Activate {
		return row.Moved
	}
	return 0
}

// jobResult is what a job has done. Offline, Online and Out are known only if every planned SIM has
// moved: they are counts of the plan.
type jobResult struct {
	Known                bool
	Offline, Online, Out int
}

func resultOf(row jobRow, p *planView) *jobResult {
	if row.Moved != p.Change {
		return &jobResult{}
	}
	return &jobResult{Known: true, Offline: p.Offline, Online: p.Online, Out: p.Out}
}

// rate estimates how fast a running job is. Pauses between waves and windows would make the number
// meaningless, so such jobs have none.
func (d *jobData) rate(now time.Time) {
	j := d.Job.Job
	if j.State != fleet.JobRunning || len(j.Options.Waves)+len(j.Options.Windows) > 0 || d.Job.Settled() == 0 {
		return
	}
	took := now.Sub(j.Details.At)
	if took < time.Second {
		return
	}
	perSecond := float64(d.Job.Settled()) / took.Seconds()
	d.Rate = int(perSecond)
	if perSecond > 0 {
		d.Remaining = duration(time.Duration(float64(d.Job.Left) / perSecond * float64(time.Second)))
	}
}

// duration describes a time span in words.
func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return plural("time.seconds", max(1, int(d.Seconds())))
	case d < 2*time.Hour:
		return plural("time.minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return plural("time.hours", int(d.Hours()))
	}
	return plural("time.days", int(d.Hours()/24))
}

// Took returns how long the job worked, "" before its end.
func (row jobRow) Took() string {
	if row.Started.IsZero() || row.Job.Ended.IsZero() {
		return ""
	}
	return duration(row.Job.Ended.Sub(row.Started))
}

// wavesOf describes the waves of a job, with the rest as the last one; none if it has no waves.
func wavesOf(j fleet.Job) (rows []waveRow) {
	if len(j.Options.Waves) == 0 {
		return nil
	}
	total, begin := j.Done+j.Count(fleet.VerdictPlanned), 0
	for i := range len(j.Options.Waves) + 1 {
		at := j
		at.Wave = i
		end, wave := at.WaveEnd(total)
		row := waveRow{Number: i + 1, SIMs: max(0, end-begin), Settled: min(max(0, j.Done-begin), max(0, end-begin)), State: "next", Then: thenWords(wave)}
		switch {
		case i < j.Wave || j.State.Ended() && j.Done >= end:
			row.State = "done"
		case i == j.Wave && !j.Started.IsZero() && !j.State.Ended():
			row.State = "now"
		}
		if i == len(j.Options.Waves) {
			row.Then = text("wave.then.end")
		}
		rows, begin = append(rows, row), max(begin, end)
	}
	return rows
}

func thenWords(w fleet.JobWave) string {
	switch {
	case w.Then:
		return text("wave.then.pause")
	case w.Pause > 0:
		return text("wave.then.wait", duration(w.Pause))
	}
	return text("wave.then.go")
}

// momentsOf lists what is known to have happened to a job, the newest first.
func momentsOf(j fleet.Job) []jobMoment {
	moments := []jobMoment{{At: j.Created, What: text("job.moment.created", j.Username)}}
	if !j.Planned.IsZero() {
		moments = append(moments, jobMoment{At: j.Planned, What: plural("job.moment.planned", j.Count())})
	}
	if !j.Started.IsZero() {
		moments = append(moments, jobMoment{At: j.Started, What: text("job.moment.started")})
	}
	if at := j.Details.At; at.After(j.Started) && at.After(j.Planned) || j.State.Ended() {
		what := text("job.state." + string(j.State))
		if j.Details.Name != "" {
			what = text("job.moment.by", what, j.Details.Name)
		}
		moments = append(moments, jobMoment{At: at, What: what})
	}
	for i := 0; i < len(moments)/2; i++ {
		k := len(moments) - 1 - i
		moments[i], moments[k] = moments[k], moments[i]
	}
	moments[0].Now = true
	return moments
}

// Why says why the job is in its state, "" if that needs no words.
func (d jobData) Why() string {
	switch d.Job.Job.State {
	case fleet.JobRefused, fleet.JobFailed, fleet.JobExpired, fleet.JobCancelled:
		return sentence(d.Job.Details.Why)
	case fleet.JobPaused:
		if d.Job.Details.User == 0 {
			return sentence(d.Job.Details.Why)
		}
	}
	return ""
}

// sentence makes a sentence of a message of a rule.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	return strings.ToUpper(message[:1]) + message[1:] + "."
}

// changeJob handles the form of a button that changes the state of a job.
func changeJob(do control.JobVerb) handle {
	return func(r *request) (reply, error) {
		id, err := r.id("id")
		if err != nil {
			return reply{}, err
		}
		return r.writeJob(control.JobAction{Job: fleet.JobID(id), Do: do})
	}
}

func (r *request) writeJob(a control.JobAction) (reply, error) {
	return write(r, "console POST /jobs/{id}/"+string(a.Do), func(w control.Write[fleet.Job]) (control.Reply, error) {
		return r.control().ChangeJob(r.Context(), r.caller, a, w)
	}, func(fleet.Job) string {
		return jobAddress(a.Job) + "?done=job-" + string(a.Do)
	})
}

// startJob starts a planned job. The form names the plan, and the number of SIMs that the user has
// typed.
func startJob(r *request) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	d, err := r.jobData()
	if err != nil {
		return reply{}, err
	}
	typed := strings.NewReplacer(",", "", " ", "", ".", "").Replace(r.PostForm.Get("confirm"))
	if d.Job.Job.State == fleet.JobPlanned && typed != strconv.Itoa(d.Job.Left) {
		if draft, err := strconv.ParseInt(r.PostForm.Get("draft"), 10, 64); err == nil {
			kept, err := r.control().MoveDraft(r.Context(), r.caller, fleet.DraftID(draft))
			if err == nil && kept.Job == d.Job.ID {
				d.Draft = &kept
			}
		}
		d.Typed, d.Problem = r.PostForm.Get("confirm"), text("job.confirm.wrong", number(d.Job.Left))
		res, err := r.showJob(d)
		res.status = http.StatusUnprocessableEntity
		return res, err
	}
	return r.writeJob(control.JobAction{Job: fleet.JobID(id), Do: control.JobStart, Tag: r.PostForm.Get("plan")})
}

// retryJob makes a job of the SIMs that an earlier one did not change, and shows its preview.
func retryJob(r *request) (reply, error) {
	old, err := r.job()
	if err != nil {
		return reply{}, err
	}
	n := control.NewJob{Options: fleet.JobOptions{Skip: true}, Note: old.Note}
	return r.makeJob("console POST /jobs/{id}/retry", control.RetryOf(old, n, true))
}

// activateMoved makes a job that activates the SIMs that an earlier one has moved, and shows its
// preview.
func activateMoved(r *request) (reply, error) {
	old, err := r.job()
	if err != nil {
		return reply{}, err
	}
	return r.makeJob("console POST /jobs/{id}/activate", control.NewJob{
		Kind: fleet.JobStatus, Select: fleet.JobSelection{DoneBy: &old.ID}, Options: fleet.JobOptions{Status: fleet.SIMActivated, Skip: true}, Note: old.Note,
	})
}

// undoOfJob makes a job that takes an earlier one back, and shows its preview.
func undoOfJob(r *request) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	job := fleet.JobID(id)
	n := control.NewJob{Kind: fleet.JobUndo, Origin: job, Select: fleet.JobSelection{DoneBy: &job}, Note: fleet.Note{Reason: strings.TrimSpace(r.PostForm.Get("reason"))}}
	n.Options = fleet.JobOptions{
		Skip: true, RestoreStatus: r.PostForm.Get("status") != "keep", RestoreDevices: r.PostForm.Get("devices") != "keep", DetachDevices: r.PostForm.Get("detach") == "1",
	}
	return r.makeJob("console POST /jobs/{id}/undo", n)
}

// makeJob makes a job and leads to its page.
func (r *request) makeJob(operation string, n control.NewJob) (reply, error) {
	return write(r, operation, func(w control.Write[fleet.Job]) (control.Reply, error) {
		return r.control().CreateJob(r.Context(), r.caller, n, w)
	}, func(j fleet.Job) string { return jobAddress(j.ID) })
}

// withQuery adds a query to a path.
func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// Kind names what the job does, as a part of the keys of texts.
func (d jobData) Kind() string { return kindWord(d.Job.Job) }

// Planning reports whether the plan is being made.
func (d jobData) Planning() bool { return d.Job.Job.State == fleet.JobPlanning }

// Preview reports whether the page shows a plan that was not started.
func (d jobData) Preview() bool {
	return d.Job.Job.State == fleet.JobPlanned || d.Job.Job.State == fleet.JobRefused
}

// Again returns how many SIMs a retry would try.
func (d jobData) Again() int { return d.Job.Stay + d.Job.Left }

// Wave returns the number of the present wave, from 1.
func (d jobData) Wave() int { return min(d.Job.Wave+1, len(d.Waves)) }

// Options describes the options of the job.
func (d jobData) Options() (words []string) {
	o := d.Job.Options
	choose := func(is bool, yes, no string) {
		if is {
			words = append(words, text("job.option."+yes))
		} else if no != "" {
			words = append(words, text("job.option."+no))
		}
	}
	switch d.Job.Kind {
	case fleet.JobMigration:
		choose(o.Activate, "online", "suspend")
		choose(o.DetachDevices, "detach", "attached")
	case fleet.JobUndo:
		choose(o.RestoreStatus, "status", "nostatus")
		choose(o.RestoreDevices, "devices", "nodevices")
	}
	choose(o.Skip, "skip", "stop")
	if o.AllowedStatuses != nil {
		names := make([]string, len(o.AllowedStatuses))
		for i, s := range o.AllowedStatuses {
			names[i] = text("status." + statusClass[s])
		}
		words = append(words, text("job.option.only", strings.Join(names, ", ")))
	}
	return words
}

// Title returns the title of the page. For a preview of a move it says how many SIMs can move.
func (d jobData) Title() string {
	p := d.Plan
	if p == nil || d.Job.Kind != fleet.JobMigration || d.Draft == nil {
		return d.Job.What
	}
	name := d.Job.Target.Name
	switch {
	case p.Change == 0:
		return text("plan.title.none", name)
	case d.Stopped():
		return text("plan.title.stop", name, number(p.Stay))
	case p.Stay == 0:
		return plural("plan.title.all", p.Change, name)
	}
	return text("plan.title.some", number(p.Change), number(p.Asked), name)
}

// Stopped reports whether SIMs that cannot change stop the others.
func (d jobData) Stopped() bool { return d.Plan.Stay > 0 && !d.Job.Options.Skip }

// Gone reports whether the preview of a draft cannot be started any more.
func (d jobData) Gone() bool { return d.Draft != nil && d.Job.Ended() }

// DraftPath returns the address of the draft.
func (d jobData) DraftPath() string { return draftAddress(d.Draft.ID) }
