package api

import (
	"fmt"
	"strings"
	"time"
)

// Time is a date of a resource: written 2021-11-18T08:25:53.000+0000, in UTC, cut to the
// millisecond. It reads that form, the one of EventTime, and RFC 3339.
type Time struct{ time.Time }

// EventTime is the date of an event: written 2022-03-27T23:20:49.298Z, in UTC, cut to the
// millisecond. It reads what Time reads.
type EventTime struct{ time.Time }

// NewTime converts a time to its value on the wire: in UTC, cut to the millisecond.
func NewTime(t time.Time) Time { return Time{wireTime(t)} }

// NewEventTime converts a time to an EventTime, as NewTime does to a Time.
func NewEventTime(t time.Time) EventTime { return EventTime{wireTime(t)} }

func wireTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

const (
	timeLayout      = `"2006-01-02T15:04:05.000-0700"`
	eventTimeLayout = `"2006-01-02T15:04:05.000Z07:00"`
)

// MarshalJSON writes the date of a resource. A year beyond 9999 is an error.
func (t Time) MarshalJSON() ([]byte, error) { return formatTime(t.Time, timeLayout) }

// MarshalJSON writes the date of an event. A year beyond 9999 is an error.
func (t EventTime) MarshalJSON() ([]byte, error) { return formatTime(t.Time, eventTimeLayout) }

// UnmarshalJSON reads a date; null leaves it unchanged. The error names the value and an
// accepted form.
func (t *Time) UnmarshalJSON(data []byte) error { return parseTime(data, &t.Time) }

// UnmarshalJSON reads a date; null leaves it unchanged. The error names the value and an
// accepted form.
func (t *EventTime) UnmarshalJSON(data []byte) error { return parseTime(data, &t.Time) }

// ExpiryTime is a date in a request at which something expires. It reads what Time reads, and a
// day such as 2027-12-31, which means the end of that day in UTC.
type ExpiryTime struct{ time.Time }

// MarshalJSON writes the date as Time does.
func (t ExpiryTime) MarshalJSON() ([]byte, error) { return formatTime(t.Time, timeLayout) }

// UnmarshalJSON reads a date or a day; null leaves it unchanged. The error names the value and
// an accepted form.
func (t *ExpiryTime) UnmarshalJSON(data []byte) error {
	if day, err := time.Parse(`"`+time.DateOnly+`"`, string(data)); err == nil {
		t.Time = EndOfDay(day)
		return nil
	}
	return parseTime(data, &t.Time)
}

// EndOfDay returns the last millisecond of the day that begins at midnight.
func EndOfDay(midnight time.Time) time.Time {
	return midnight.AddDate(0, 0, 1).Add(-time.Millisecond)
}

func formatTime(t time.Time, layout string) ([]byte, error) {
	t = t.UTC()
	if err := checkYear(t); err != nil {
		return nil, err
	}
	return t.AppendFormat(make([]byte, 0, len(layout)), layout), nil
}

// checkYear refuses years with more than four digits.
func checkYear(t time.Time) error {
	if y := t.Year(); y < 0 || y > 9999 {
		return fmt.Errorf("the year %d has more than four digits", y)
	}
	return nil
}

func parseTime(data []byte, to *time.Time) error {
	text := string(data)
	if text == "null" {
		return nil
	}
	inner, quoted := strings.CutPrefix(text, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	t, err := time.Parse(time.RFC3339, rfc3339(inner))
	if err != nil || !quoted || !closed || !strict(inner) {
		return fmt.Errorf("%s is not a valid date: write it like \"2021-11-18T08:25:53.000+0000\"", clip(data))
	}
	t = t.UTC()
	if err := checkYear(t); err != nil {
		return fmt.Errorf("%s is not a valid date: %w", clip(data), err)
	}
	*to = t
	return nil
}

// strict refuses two forms that time.Parse accepts: an hour of one digit, and a comma before
// the fraction.
func strict(s string) bool {
	const hourEnd = len("2021-11-18T08")
	return len(s) > hourEnd && s[hourEnd] == ':' && !strings.Contains(s, ",")
}

// rfc3339 inserts the colon into an offset like +0000. Invalid dates stay invalid.
func rfc3339(s string) string {
	i := len(s) - len("+0000")
	if i > 0 && (s[i] == '+' || s[i] == '-') {
		return s[:i+3] + ":" + s[i+3:]
	}
	return s
}
