package console

import (
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// jobRow is a job as pages show it.
type jobRow struct {
	fleet.Job
	What  string // what it does, as a title
	State string // its state in words, without the time that it waits for
	Class string // of the tag of the state
	Total int    // SIMs of the plan that it is to change
	Moved int    // changed
	Stay  int    // refused, changed since the plan, or not found
	Left  int    // still planned
	Bars  []bar
}

// stateClasses are the classes of the tags of states.
var stateClasses = map[fleet.JobState]string{
	fleet.JobRunning: "run", fleet.JobPlanning: "run", fleet.JobPlanned: "warn", fleet.JobPaused: "warn", fleet.JobPartial: "warn",
	fleet.JobCompleted: "ok", fleet.JobRefused: "bad", fleet.JobFailed: "bad", fleet.JobExpired: "bad",
}

func rowOf(j fleet.Job) jobRow {
	row := jobRow{
		Job: j, Class: stateClasses[j.State], Moved: j.Count(fleet.VerdictDone), Left: j.Count(fleet.VerdictPlanned),
		Stay: j.Count(fleet.VerdictRefused, fleet.VerdictDrifted, fleet.VerdictNotFound),
	}
	row.Total = j.Done + row.Left
	if row.Total == 0 {
		row.Total = j.Count()
	}
	switch {
	case j.State != fleet.JobWaiting:
		row.State = text("job.state." + string(j.State))
	case j.Details.For == "":
		row.State = text("job.waits.begin")
	default:
		row.State = text("job.waits." + string(j.Details.For))
	}
	row.What = row.title()
	row.Bars = progressBars(row)
	return row
}

// kindWord names what a job does, as a part of the keys of its texts.
func kindWord(j fleet.Job) string {
	switch {
	case j.Kind == fleet.JobUndo:
		return "undo"
	case j.Kind == fleet.JobStatus && j.Options.Status == fleet.SIMActivated:
		return "activate"
	case j.Kind == fleet.JobStatus:
		return "suspend"
	}
	return "move"
}

// title says what a job does, is doing or has done.
func (row jobRow) title() string {
	phase, count := "will", row.Total
	switch {
	case row.Job.State.Ended() && row.Moved > 0:
		phase, count = "has", row.Moved
	case row.Job.State == fleet.JobRunning || row.Job.State == fleet.JobPaused:
		phase = "now"
	}
	var more []any
	if row.Kind == fleet.JobMigration {
		more = append(more, row.Target.Name)
	}
	title := plural("job.title."+kindWord(row.Job)+"."+phase, count, more...)
	if phase == "has" && row.Stay+row.Left > 0 {
		title += plural("job.title.not", row.Stay+row.Left)
	}
	return title
}

// From names the Workspaces that the SIMs leave, as far as the reader may know them.
func (row jobRow) From() string {
	names := make([]string, len(row.Sources))
	for i, s := range row.Sources {
		names[i] = s.Name
	}
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " " + plural("job.from.more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Ended reports whether the job will never change again.
func (row jobRow) Ended() bool { return row.Job.State.Ended() }

// Settled returns how many SIMs the job has dealt with.
func (row jobRow) Settled() int { return max(0, row.Total-row.Left) }

// Percent returns the share of the SIMs that the job has dealt with.
func (row jobRow) Percent() int {
	if row.Total == 0 {
		return 0
	}
	return 100 * row.Settled() / row.Total
}

// progressBars divides a bar of 100 units into SIMs that have changed, stay, and are left.
func progressBars(row jobRow) (bars []bar) {
	total := max(row.Total, 1)
	at := 0.0
	for _, part := range []struct {
		class string
		count int
	}{{"f-move", row.Moved}, {"f-refused", max(0, row.Settled()-row.Moved)}, {"f-track", total - row.Settled()}} {
		if part.count > 0 {
			width := 100 * float64(part.count) / float64(total)
			bars = append(bars, bar{part.class, at, 0, max(0.3, width), 8})
			at += width
		}
	}
	return bars
}

// Named returns how many SIMs and identifiers the plan has.
func (row jobRow) Named() int { return row.Count() }
