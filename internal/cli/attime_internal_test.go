package cli

import (
	"testing"
	"time"
)

// A time of --at is the next one that it can mean, in the zone of the clock.
func TestParseAt(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2026, 12, 4, 21, 30, 0, 0, zone) // a Friday
	for text, want := range map[string]string{
		"22:00": "2026-12-04T22:00:00+01:00", "21:00": "2026-12-05T21:00:00+01:00", "21:30": "2026-12-05T21:30:00+01:00",
		"fri 22:00": "2026-12-04T22:00:00+01:00", "Friday 21:00": "2026-12-11T21:00:00+01:00", "thu 22:00": "2026-12-10T22:00:00+01:00",
		"2026-12-24 06:15": "2026-12-24T06:15:00+01:00", "2026-12-24T06:15": "2026-12-24T06:15:00+01:00", "2026-12-24t06:15:00z": "2026-12-24T06:15:00Z",
	} {
		got, err := parseAt(text, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "22", "25:00", "fr 22:00", "2026-12-04 21:00", "fri", "fri 22:00 CET", "tomorrow"} {
		if got, err := parseAt(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
