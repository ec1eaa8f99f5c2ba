package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// moveStatuses are the statuses of SIMs that can be chosen.
var moveStatuses = []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMIssued, fleet.SIMFactoryTest}

// maxWaves is how many waves the form has room for.
const maxWaves = 8

// optionsData is the template data of the second step.
type optionsData struct {
	Draft    fleet.MoveDraft
	Form     url.Values
	Targets  []target
	Statuses []fleet.SIMStatus
	Waves    []waveField
	Problems []fieldProblem
}

// target is a Workspace that the user is a member of.
type target struct {
	fleet.Workspace
	Not string // why SIMs cannot be moved there, "" if they can
}

// waveField is a row of the table of waves.
type waveField struct {
	Number     int
	SIMs, Then string
}

// fieldProblem is a problem with a field of a form.
type fieldProblem struct{ Field, Text string }

// Is reports whether a field of the form has a value.
func (d optionsData) Is(field, value string) bool { return slices.Contains(d.Form[field], value) }

// IsStatus reports whether SIMs of a status are to move.
func (d optionsData) IsStatus(s fleet.SIMStatus) bool {
	return d.Is("status", strconv.Itoa(int(s)))
}

// Get returns the value of a field.
func (d optionsData) Get(field string) string { return d.Form.Get(field) }

// Wrong returns the problem with a field, "" for none.
func (d optionsData) Wrong(field string) string {
	for _, p := range d.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// CanTarget reports whether SIMs can be moved to some Workspace.
func (d optionsData) CanTarget() bool {
	return slices.ContainsFunc(d.Targets, func(t target) bool { return t.Not == "" })
}

// CannotTarget reports whether SIMs cannot be moved to some Workspace.
func (d optionsData) CannotTarget() bool {
	return slices.ContainsFunc(d.Targets, func(t target) bool { return t.Not != "" })
}

// Path returns the address of the draft.
func (d optionsData) Path() string { return draftAddress(d.Draft.ID) }

// optionDefaults are the options of a move of a new draft.
var optionDefaults = url.Values{
	"landing": {"contract"}, "detach": {"no"}, "status": {"1", "2", "0"}, "conflict": {"skip"}, "start": {"now"}, "zone": {"UTC"},
}

// optionsPage shows the second step, with the form as it was sent last. A form in the address has
// precedence: the sign-in restores it after a session has ended.
func optionsPage(r *request) (reply, error) {
	d, err := r.draft()
	if err != nil {
		return reply{}, err
	}
	v := r.URL.Query()
	if d.Source.Faulty > 0 && d.Job == 0 && !v.Has("without") && !v.Has("target") {
		return r.faultsPage(d)
	}
	form, err := url.ParseQuery(d.Form)
	if err != nil || d.Form == "" {
		form = optionDefaults
	}
	if v.Has("landing") {
		form = v
	}
	return r.showOptions(d, form, nil)
}

func (r *request) showOptions(draft fleet.MoveDraft, form url.Values, problems []fieldProblem) (reply, error) {
	d := optionsData{Draft: draft, Form: form, Statuses: moveStatuses, Problems: problems}
	var err error
	if d.Targets, err = r.targets(); err != nil {
		return reply{}, err
	}
	thens := form["then"]
	for i, sims := range form["wave"] {
		w := waveField{Number: i + 1, SIMs: sims, Then: "pause"}
		if i < len(thens) {
			w.Then = thens[i]
		}
		d.Waves = append(d.Waves, w)
	}
	res, err := r.page("moveoptions", "move", text("move.options.title"), d)
	if len(problems) > 0 {
		res.status = http.StatusUnprocessableEntity
	}
	return res, err
}

// targets lists the Workspaces of the user: first those that can take SIMs.
func (r *request) targets() (all []target, err error) {
	mine, err := r.control().Memberships(r.Context(), r.caller)
	if err != nil {
		return nil, err
	}
	for _, m := range mine.Items {
		t := target{Workspace: m.Workspace}
		switch {
		case m.Invited || m.Status != fleet.UserActive:
			continue
		case !fleet.Best(m.Roles).Administers():
			t.Not = text("move.target.role")
		case m.Workspace.Type != fleet.Enterprise:
			t.Not = text("move.target.type")
		case m.Workspace.Status == fleet.WorkspaceSuspended:
			t.Not = text("move.target.suspended")
		}
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b target) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return all, nil
}

// sendOptions handles the form of the second step: it changes the table of waves, or makes a job of
// the draft, whose preview is the third step.
func sendOptions(r *request) (reply, error) {
	d, err := r.draft()
	if err != nil {
		return reply{}, err
	}
	form := r.PostForm
	once := form.Get(onceField)
	form.Del(onceField)
	switch do, row, _ := strings.Cut(form.Get("do"), "-"); do {
	case "add":
		if len(form["wave"]) < maxWaves {
			form.Add("wave", "")
			form.Add("then", "pause")
		}
		return r.showOptions(d, form, nil)
	case "drop":
		n, err := strconv.Atoi(row)
		for _, field := range []string{"wave", "then"} {
			if all := form[field]; err == nil && n >= 1 && n <= len(all) {
				form[field] = slices.Delete(slices.Clone(all), n-1, n)
			}
		}
		return r.showOptions(d, form, nil)
	}
	form.Del("do")
	n, problems := parseOptions(form, r.control().Now())
	if len(problems) > 0 {
		return r.showOptions(d, form, problems)
	}
	return r.previewOf(d, n, form, once)
}

// longDraft is the number of SIMs from which only one draft at a time becomes a job.
const longDraft = 10_000

// previewOf makes a job of a draft and leads to its preview.
func (r *request) previewOf(d fleet.MoveDraft, n control.NewJob, form url.Values, once string) (reply, error) {
	if d.Source.SIMs > longDraft {
		if err := r.holdLists(); err != nil {
			return reply{}, err
		}
	}
	n.Draft = &control.JobOfDraft{Draft: d.ID, Form: form.Encode()}
	r.PostForm.Set(onceField, onceOf(form, once, r.URL.Path))
	return write(r, "console POST /move/{id}", func(w control.Write[fleet.Job]) (control.Reply, error) {
		return r.control().CreateJob(r.Context(), r.caller, n, w)
	}, func(fleet.Job) string { return draftAddress(d.ID) + "/preview" })
}

// optionsParser reads the form of the second step.
type optionsParser struct {
	form     url.Values
	zone     *time.Location
	problems []fieldProblem
}

func (p *optionsParser) wrong(field, message string) {
	p.problems = append(p.problems, fieldProblem{field, message})
}

// parseOptions reads the form of the second step into a request for a job.
func parseOptions(form url.Values, now time.Time) (n control.NewJob, problems []fieldProblem) {
	p := &optionsParser{form: form}
	n.Kind = fleet.JobMigration
	if id, err := strconv.ParseInt(form.Get("target"), 10, 64); err == nil && id > 0 {
		n.Target = fleet.WorkspaceID(id)
	} else {
		p.wrong("target", text("move.target.none"))
	}
	o := &n.Options
	o.Activate, o.DetachDevices, o.Skip = form.Get("landing") == "activate", form.Get("detach") == "yes", form.Get("conflict") != "stop"
	for _, s := range moveStatuses {
		if slices.Contains(form["status"], strconv.Itoa(int(s))) {
			o.AllowedStatuses = append(o.AllowedStatuses, s)
		}
	}
	if len(o.AllowedStatuses) == 0 {
		p.wrong("status", text("move.status.none"))
	}
	for _, code := range form["leave"] {
		if c, err := strconv.Atoi(code); err == nil {
			o.LeaveOut = append(o.LeaveOut, fleet.ConflictCode(c))
		}
	}
	p.times(o, now)
	p.waves(o)
	n.Note = fleet.Note{Reference: strings.TrimSpace(form.Get("reference")), Reason: strings.TrimSpace(form.Get("reason"))}
	if err := n.Note.Check(); err != nil {
		field, _, _ := strings.Cut(err.Error(), ":")
		p.wrong(field, sentence(err.Error()))
	}
	return n, p.problems
}

// times reads the start, the deadline and the window.
func (p *optionsParser) times(o *fleet.JobOptions, now time.Time) {
	var err error
	if p.zone, err = time.LoadLocation(p.form.Get("zone")); err != nil || p.form.Get("zone") == "Local" {
		p.zone = time.UTC
	}
	if p.form.Get("start") == "at" {
		o.NotBefore = p.instant("day", "hour")
	}
	if p.form.Get("eday") != "" || p.form.Get("ehour") != "" {
		o.NotAfter = p.instant("eday", "ehour")
		if !o.NotAfter.IsZero() && (!o.NotAfter.After(now) || !o.NotAfter.After(o.NotBefore)) {
			p.wrong("eday", text("move.deadline.past"))
		}
	}
	from, to := p.form.Get("from"), p.form.Get("to")
	if from == "" && to == "" {
		return
	}
	w := fleet.JobWindow{From: from, To: to, TimeZone: p.zone.String()}
	switch p.form.Get("days") {
	case "week":
		w.Days = []string{"mon", "tue", "wed", "thu", "fri"}
	case "end":
		w.Days = []string{"sat", "sun"}
	}
	if w.Check("") != nil {
		p.wrong("from", text("move.window.wrong"))
		return
	}
	o.Windows = []fleet.JobWindow{w}
}

// instant reads a day and a time in the zone of the form.
func (p *optionsParser) instant(day, hour string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", p.form.Get(day)+" "+p.form.Get(hour), p.zone)
	if err != nil || at.Year() < 2000 || at.Year() > 9000 {
		p.wrong(day, text("move.time.wrong"))
		return time.Time{}
	}
	return at.UTC()
}

// waves reads the waves and their gate.
func (p *optionsParser) waves(o *fleet.JobOptions) {
	thens := p.form["then"]
	for i, sims := range p.form["wave"] {
		n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(sims), ",", ""))
		if err != nil || n < 1 || n > fleet.MaxJobSIMs || i >= maxWaves {
			p.wrong("wave", text("move.wave.wrong", i+1))
			continue
		}
		w := fleet.JobWave{SIMs: n}
		if i < len(thens) {
			minutes, err := strconv.Atoi(thens[i])
			w.Then = thens[i] == "pause"
			if err == nil && minutes > 0 && minutes <= 24*60 {
				w.Pause = time.Duration(minutes) * time.Minute
			}
		}
		o.Waves = append(o.Waves, w)
	}
	gate := strings.TrimSpace(p.form.Get("gate"))
	if gate == "" || len(o.Waves) == 0 {
		return
	}
	percent, err := strconv.Atoi(gate)
	if err != nil || percent < 0 || percent > 100 {
		p.wrong("gate", text("move.gate.wrong"))
		return
	}
	o.Gate = &fleet.JobGate{MaxRefusedPercent: percent}
}

// LastWave returns the number of the wave with the remaining SIMs.
func (d optionsData) LastWave() int { return len(d.Waves) + 1 }
