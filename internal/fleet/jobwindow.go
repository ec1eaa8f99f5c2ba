package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// JobWindow is a time of the week in which chunks of a job may begin. It ends on the next day if To
// is not after From.
type JobWindow struct {
	Days     []string `json:"days"` // mon to sun, on which it begins; none for every day
	From     string   `json:"from"` // as in 22:00
	To       string   `json:"to"`
	TimeZone string   `json:"time_zone"` // as in Europe/Berlin; "" is UTC
}

// timeOfDay is the form of JobWindow.From and To.
const timeOfDay = "15:04"

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Check refuses an invalid window; field names it in the request.
func (w JobWindow) Check(field string) error {
	for i, d := range w.Days {
		if !slices.Contains(dayNames, d) {
			return Invalid(fmt.Sprintf("%s.days[%d]", field, i), "%q is not a day; use %s", Clip(d), strings.Join(dayNames, ", "))
		}
	}
	for _, f := range [][2]string{{"from", w.From}, {"to", w.To}} {
		if _, err := time.Parse(timeOfDay, f[1]); err != nil {
			return Invalid(field+"."+f[0], "%q is not a time of the day; write it as 22:00", Clip(f[1]))
		}
	}
	if _, err := time.LoadLocation(w.TimeZone); err != nil || w.TimeZone == "Local" {
		return Invalid(field+".time_zone", "%q is not a time zone; write it as Europe/Berlin or UTC", Clip(w.TimeZone))
	}
	return nil
}

// weekly is a JobWindow for calculations.
type weekly struct {
	days     [7]bool // on which it begins
	from, to int     // minutes of the day
	zone     *time.Location
}

// parse converts a window that Check has accepted.
func (w JobWindow) parse() (p weekly, err error) {
	from, err1 := time.Parse(timeOfDay, w.From)
	to, err2 := time.Parse(timeOfDay, w.To)
	p.zone, err = time.LoadLocation(w.TimeZone)
	for i, name := range dayNames {
		p.days[i] = len(w.Days) == 0 || slices.Contains(w.Days, name)
	}
	p.from, p.to = minuteOf(from), minuteOf(to)
	return p, errors.Join(err, err1, err2)
}

func minuteOf(t time.Time) int { return 60*t.Hour() + t.Minute() }

// includes reports whether the clocks of the zone show a time in the window at an instant. So a
// time that clocks skip is in no window, and one that they show twice is in it twice.
func (p weekly) includes(at time.Time) bool {
	local := at.In(p.zone)
	minute, today := minuteOf(local), local.Weekday()
	if p.from < p.to {
		return p.days[today] && p.from <= minute && minute < p.to
	}
	yesterday := (today + 6) % 7
	return p.days[today] && minute >= p.from || p.days[yesterday] && minute < p.to
}

// windowSearch is how far ahead of an instant every window begins: a week, and another one if the
// clocks skip it.
const windowSearch = 15 * 24 * time.Hour

// next returns the first instant from at on that is in the window.
func (w JobWindow) next(at time.Time) time.Time {
	p, err := w.parse()
	if err != nil || p.includes(at) {
		return at // a faulty window is refused when the job is made
	}
	t := at.UTC().Truncate(time.Minute)
	for end := at.Add(windowSearch); t.Before(end); { // windows begin, and clocks change, at whole minutes
		if t = t.Add(time.Minute); p.includes(t) {
			break
		}
	}
	return t
}

// NextWindow returns the first instant from at on that is in one of the windows. Without windows
// that is at.
func NextWindow(windows []JobWindow, at time.Time) time.Time {
	var first time.Time
	for _, w := range windows {
		if t := w.next(at); first.IsZero() || t.Before(first) {
			first = t
		}
	}
	if first.IsZero() {
		return at
	}
	return first
}

// WaveEnd returns how many of the planned SIMs are done when a wave ends, and the wave. After the
// last one comes the rest, as a wave of its own.
func (j *Job) WaveEnd(planned int) (int, JobWave) {
	end := 0
	for i, w := range j.Options.Waves {
		if w.SIMs > 0 {
			end += w.SIMs
		} else {
			end = max(end, (planned*w.Percent+99)/100)
		}
		if i == j.Wave {
			return min(end, planned), w
		}
	}
	return planned, JobWave{}
}
