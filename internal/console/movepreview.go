package console

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// previewPage shows the third step: the plan of the newest job of a draft.
func previewPage(r *request) (reply, error) {
	draft, err := r.draft()
	if err != nil {
		return reply{}, err
	}
	if draft.Job == 0 {
		return seeOther(draftAddress(draft.ID)), nil
	}
	j, err := r.control().Job(r.Context(), r.caller, draft.Job)
	if err != nil {
		return reply{}, err
	}
	if !j.Started.IsZero() || j.State == fleet.JobWaiting {
		return seeOther(jobAddress(j.ID)), nil
	}
	d, err := r.jobDataOf(j, draftAddress(draft.ID)+"/preview")
	if err != nil {
		return reply{}, err
	}
	d.Draft = &draft
	return r.showJob(d)
}

// cureMove changes an option of a draft as a button of the preview says, and makes another preview.
func cureMove(r *request) (reply, error) {
	d, err := r.draft()
	if err != nil {
		return reply{}, err
	}
	if d.Form == "" {
		return seeOther(draftAddress(d.ID)), nil
	}
	form, err := url.ParseQuery(d.Form)
	if err != nil {
		return reply{}, err
	}
	switch what, value, _ := strings.Cut(r.PostForm.Get("cure"), ":"); what {
	case "detach":
		form.Set("detach", "yes")
		attached := strconv.Itoa(int(fleet.SIMsAttached))
		form["leave"] = slices.DeleteFunc(form["leave"], func(code string) bool { return code == attached })
	case "online":
		form.Set("landing", "activate")
	case "offline":
		form.Set("landing", "contract")
	case "skip":
		form.Set("conflict", "skip")
	case "status":
		if !slices.Contains(form["status"], value) {
			form.Add("status", value)
		}
	case "leave":
		if !slices.Contains(form["leave"], value) {
			form.Add("leave", value)
		}
	}
	n, problems := parseOptions(form, r.control().Now())
	if len(problems) > 0 { // for example a start time that has passed meanwhile
		return r.showOptions(d, form, problems)
	}
	return r.previewOf(d, n, form, r.PostForm.Get(onceField))
}

// planView is the plan of a job as its preview shows it.
type planView struct {
	Asked, Change, Stay, Same      int
	Offline, Online, Out, Returned int
	Rows                           []planRow
	Sources                        []planSource
	Reasons                        []planReason
	Bars                           []bar
	LeftOut                        []jobReason // reasons whose SIMs are left out
}

// planRow is the SIMs that change in the same way.
type planRow struct {
	Before, After fleet.SIMStatus
	Effect        string // the key of its text
	SIMs          int
}

// planSource is the SIMs of one Workspace.
type planSource struct {
	Name                         string
	Asked, Change, Offline, Stay int
}

// planReason is a reason why SIMs stay, with what can be done about it.
type planReason struct {
	Code  fleet.ConflictCode
	Title string
	Text  string
	SIMs  int
	Cures []planCure
}

// planCure is a button: its value and its words.
type planCure struct{ Do, Text string }

// planOf adds up what the plan of a job does.
func planOf(j fleet.Job, effects []fleet.JobEffect) *planView {
	v := &planView{}
	rows, sources, reasons := map[planRow]int{}, map[fleet.WorkspaceID]*planSource{}, map[fleet.ConflictCode][]fleet.JobEffect{}
	for _, e := range effects {
		from := sources[e.Source]
		if from == nil {
			from = &planSource{Name: sourceName(j, e.Source)}
			sources[e.Source] = from
		}
		v.Asked += e.SIMs
		from.Asked += e.SIMs
		switch {
		case e.Verdict == fleet.VerdictUnchanged:
			v.Same += e.SIMs
		case e.Verdict == fleet.VerdictNotFound:
			e.Codes = []fleet.ConflictCode{fleet.ConflictCode(fleet.NotFound)}
			fallthrough
		case e.Verdict.Failed():
			v.Stay += e.SIMs
			from.Stay += e.SIMs
			for _, code := range e.Codes {
				reasons[code] = append(reasons[code], e)
			}
		default:
			v.changes(e, from, rows)
		}
	}
	for row, n := range rows {
		row.SIMs = n
		v.Rows = append(v.Rows, row)
	}
	slices.SortFunc(v.Rows, func(a, b planRow) int {
		return cmp.Or(cmp.Compare(b.SIMs, a.SIMs), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	for _, s := range sources {
		v.Sources = append(v.Sources, *s)
	}
	slices.SortFunc(v.Sources, func(a, b planSource) int { return cmp.Or(cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.Name, b.Name)) })
	for code, of := range reasons {
		v.Reasons = append(v.Reasons, reasonOf(j, code, of))
	}
	slices.SortFunc(v.Reasons, func(a, b planReason) int { return cmp.Or(cmp.Compare(b.SIMs, a.SIMs), cmp.Compare(a.Code, b.Code)) })
	for _, code := range j.Options.LeaveOut {
		v.LeftOut = append(v.LeftOut, jobReason{code, reasonText(j, 0, code)})
	}
	v.draw()
	return v
}

// changes adds SIMs that change.
func (v *planView) changes(e fleet.JobEffect, from *planSource, rows map[planRow]int) {
	c := e.Change
	v.Change += e.SIMs
	from.Change += e.SIMs
	effect := "same"
	switch {
	case c.GoesOffline():
		v.Offline += e.SIMs
		from.Offline += e.SIMs
		effect = "offline"
	case c.ComesOnline():
		v.Online += e.SIMs
		effect = "online"
	case c.Before == fleet.SIMActivated:
		effect = "stays"
	case c.Before == fleet.SIMSuspended:
		effect = "suspended"
	}
	if c.InDevice && !c.IntoDevice {
		v.Out += e.SIMs
	}
	if !c.InDevice && c.IntoDevice {
		v.Returned += e.SIMs
	}
	if c.Known {
		rows[planRow{Before: c.Before, After: c.After, Effect: effect}] += e.SIMs
	}
}

func sourceName(j fleet.Job, id fleet.WorkspaceID) string {
	for _, s := range j.Sources {
		if s.ID == id {
			return s.Name
		}
	}
	return text("plan.source.none")
}

// draw draws the bar of what happens.
func (v *planView) draw() {
	at := 0.0
	for _, part := range []bar{
		{Class: "f-suspended", Width: float64(v.Offline)}, {Class: "f-activated", Width: float64(v.Online)},
		{Class: "f-move", Width: float64(v.Change - v.Offline - v.Online)}, {Class: "f-issued", Width: float64(v.Same)}, {Class: "f-refused", Width: float64(v.Stay)},
	} {
		if part.Width > 0 {
			width := 100 * part.Width / float64(v.Asked)
			v.Bars = append(v.Bars, bar{part.Class, at, 0, max(0.3, width-0.25), 8})
			at += width
		}
	}
}

// reasonOf describes a reason, with the buttons that the preview of a draft has for it.
func reasonOf(j fleet.Job, code fleet.ConflictCode, effects []fleet.JobEffect) planReason {
	name := strconv.Itoa(int(code))
	reason := planReason{Code: code, Title: reasonText(j, effects[0].Source, code)}
	statuses := map[fleet.SIMStatus]int{}
	var places []string
	for _, e := range effects {
		reason.SIMs += e.SIMs
		if e.Change.Known {
			statuses[e.Change.Before] += e.SIMs
			if place := sourceName(j, e.Source); !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	if texts["reason."+name+".text"] != "" {
		reason.Text = text("reason." + name + ".text")
	}
	switch code {
	case fleet.SIMsAttached:
		reason.Cures = append(reason.Cures, planCure{"detach", text("cure.detach")})
	case fleet.StatusNotAllowed:
		var counts []string
		for _, s := range append(slices.Clone(moveStatuses), fleet.SIMDeleted) {
			if n := statuses[s]; n > 0 {
				counts = append(counts, text("reason.status", number(n), text("status."+statusClass[s])))
				if s != fleet.SIMDeleted {
					reason.Cures = append(reason.Cures, planCure{fmt.Sprintf("status:%d", s), text("cure.status", number(n), text("status."+statusClass[s]))})
				}
			}
		}
		reason.Text = strings.Join(counts, ", ") + "."
	case fleet.NoAdminOnSource:
		reason.Text = text("reason.1504.text", strings.Join(places, ", "))
	case fleet.TargetSuspended, fleet.TargetNoEnterprise:
		reason.Cures = append(reason.Cures, planCure{"again", text("cure.again")})
		return reason
	}
	reason.Cures = append(reason.Cures, planCure{"leave:" + name, plural("cure.leave", reason.SIMs)})
	return reason
}

// WavesBefore returns the number of waves before the last one.
func (d jobData) WavesBefore() int { return len(d.Job.Options.Waves) }
