package cli

import (
	"strings"
	"time"
)

// parseAt reads a time of --at, in the zone of now: 22:00 is the next such time, 'fri 22:00' that
// of the next Friday; the others are whole.
func parseAt(text string, now time.Time) (time.Time, error) {
	words := strings.Fields(strings.ToLower(text))
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02t15:04"} {
		if t, err := time.ParseInLocation(layout, strings.Join(words, " "), now.Location()); err == nil {
			return future(text, t, now)
		}
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(strings.TrimSpace(text))); err == nil {
		return future(text, t, now)
	}
	days, every := 0, 1 // until the day, and until the time comes again
	if len(words) == 2 {
		day, known := weekday(words[0])
		if !known {
			return time.Time{}, badAt(text)
		}
		days, every, words = int(day-now.Weekday()+7)%7, 7, words[1:]
	}
	if len(words) != 1 {
		return time.Time{}, badAt(text)
	}
	clock, err := time.Parse("15:04", words[0])
	if err != nil {
		return time.Time{}, badAt(text)
	}
	on := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, clock.Hour(), clock.Minute(), 0, 0, now.Location())
	}
	if t := on(days); t.After(now) {
		return t, nil
	}
	return on(days + every), nil
}

func weekday(word string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if name := strings.ToLower(d.String()); len(word) >= 3 && strings.HasPrefix(name, word) {
			return d, true
		}
	}
	return 0, false
}

func future(text string, t, now time.Time) (time.Time, error) {
	if !t.After(now) {
		return t, usagef("--at: %s is in the past (it is %s): choose a later time", text, now.Format("2006-01-02 15:04 MST"))
	}
	return t, nil
}

func badAt(text string) error {
	return usagef("--at: %q is not a time: write 22:00, 'fri 22:00', '2026-12-04 22:00' or 2026-12-04T22:00:00+01:00", text)
}
