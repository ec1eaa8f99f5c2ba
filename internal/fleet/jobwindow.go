package fleet

import (
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

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Check refuses an invalid window; field names it in the request.
func (w JobWindow) Check(field string) error {
	for i, d := range w.Days {
		if !slices.Contains(dayNames, d) {
			return Invalid(fmt.Sprintf("%s.days[%d]", field, i), "%q is not a day; use %s", Clip(d), strings.Join(dayNames, ", "))
		}
	}
	for _, f := range [][2]string{{"from", w.From}, {"to", w.To}} {
		if _, err := time.Parse("15:04", f[1]); err != nil {
			return Invalid(field+"."+f[0], "%q is not a time of the day; write it as 22:00", Clip(f[1]))
		}
	}
	if _, err := time.LoadLocation(w.TimeZone); err != nil || w.TimeZone == "Local" {
		return Invalid(field+".time_zone", "%q is not a time zone; write it as Europe/Berlin or UTC", Clip(w.TimeZone))
	}
	return nil
}

// next returns the first instant from at on that is in the window.
func (w JobWindow) next(at time.Time) time.Time {
	zone, err := time.LoadLocation(w.TimeZone)
	from, err1 := time.Parse("15:04", w.From)
	to, err2 := time.Parse("15:04", w.To)
	if err != nil || err1 != nil || err2 != nil {
		return at // checked when the job was made
	}
	local := at.In(zone)
	for day := -1; day <= 8; day++ {
		on := func(t time.Time, more int) time.Time {
			return time.Date(local.Year(), local.Month(), local.Day()+day+more, t.Hour(), t.Minute(), 0, 0, zone)
		}
		begin, end := on(from, 0), on(to, 0)
		if !to.After(from) {
			end = on(to, 1)
		}
		weekday := dayNames[time.Date(local.Year(), local.Month(), local.Day()+day, 12, 0, 0, 0, zone).Weekday()]
		if !at.Before(end) || len(w.Days) > 0 && !slices.Contains(w.Days, weekday) {
			continue
		}
		if at.Before(begin) {
			return begin.UTC()
		}
		return at
	}
	return at
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
