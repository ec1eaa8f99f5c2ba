package fleet_test

import (
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// The windows of a job are wall-clock times of their zones. On the day on which clocks go forward
// an hour is missing, and on the day on which they go back an hour is there twice.
func TestNextWindow(t *testing.T) {
	night := fleet.JobWindow{Days: []string{"fri"}, From: "22:00", To: "04:00", TimeZone: "Europe/Berlin"}
	morning := fleet.JobWindow{From: "08:00", To: "09:00", TimeZone: "Europe/Berlin"}
	gap := fleet.JobWindow{From: "02:15", To: "02:45", TimeZone: "Europe/Berlin"}
	spring := fleet.JobWindow{Days: []string{"sat"}, From: "22:00", To: "04:00", TimeZone: "Europe/Berlin"}
	for name, c := range map[string]struct {
		windows  []fleet.JobWindow
		at, want string
	}{
		"no windows":                   {nil, "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"},
		"before, in winter":            {[]fleet.JobWindow{morning}, "2026-11-22T06:59:59Z", "2026-11-22T07:00:00Z"},
		"before, in summer":            {[]fleet.JobWindow{morning}, "2026-07-22T05:00:00Z", "2026-07-22T06:00:00Z"},
		"its beginning is inside":      {[]fleet.JobWindow{morning}, "2026-11-22T07:00:00Z", "2026-11-22T07:00:00Z"},
		"its end is outside":           {[]fleet.JobWindow{morning}, "2026-11-22T08:00:00Z", "2026-11-23T07:00:00Z"},
		"over midnight, before":        {[]fleet.JobWindow{night}, "2026-11-27T20:59:00Z", "2026-11-27T21:00:00Z"},
		"over midnight, on the day":    {[]fleet.JobWindow{night}, "2026-11-28T02:59:59Z", "2026-11-28T02:59:59Z"},
		"over midnight, after":         {[]fleet.JobWindow{night}, "2026-11-28T03:00:00Z", "2026-12-04T21:00:00Z"},
		"the day of the zone, not UTC": {[]fleet.JobWindow{{Days: []string{"mon"}, From: "00:30", To: "01:00", TimeZone: "Asia/Tokyo"}}, "2026-11-22T10:00:00Z", "2026-11-22T15:30:00Z"},
		"the nearest of two":           {[]fleet.JobWindow{night, morning}, "2026-11-27T10:00:00Z", "2026-11-27T21:00:00Z"},
		"from equals to: a whole day":  {[]fleet.JobWindow{{Days: []string{"sun"}, From: "06:00", To: "06:00"}}, "2026-11-23T05:59:59Z", "2026-11-23T05:59:59Z"},
		"the day after clocks changed": {[]fleet.JobWindow{morning}, "2027-03-27T23:00:00Z", "2027-03-28T06:00:00Z"},
		"clocks go forward inside it":  {[]fleet.JobWindow{spring}, "2027-03-28T01:59:59Z", "2027-03-28T01:59:59Z"}, // 03:59:59 CEST
		"its end after the change":     {[]fleet.JobWindow{spring}, "2027-03-28T02:00:00Z", "2027-04-03T20:00:00Z"}, // 04:00 CEST
		"clocks go back inside it":     {[]fleet.JobWindow{spring}, "2026-10-25T02:59:59Z", "2026-10-25T02:59:59Z"}, // 03:59:59 CET
		"the hour that comes twice":    {[]fleet.JobWindow{gap}, "2026-10-25T00:00:00Z", "2026-10-25T00:15:00Z"},    // in both
		"between the two":              {[]fleet.JobWindow{gap}, "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"},
		"after the second":             {[]fleet.JobWindow{gap}, "2026-10-25T01:45:00Z", "2026-10-26T01:15:00Z"},
		"an end that comes twice":      {[]fleet.JobWindow{{From: "22:00", To: "02:30", TimeZone: "Europe/Berlin"}}, "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"},
		"an hour that is missing":      {[]fleet.JobWindow{gap}, "2027-03-28T00:00:00Z", "2027-03-29T00:15:00Z"},
		"a beginning that is missing":  {[]fleet.JobWindow{{From: "02:30", To: "03:30", TimeZone: "Europe/Berlin"}}, "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z"},
		"missing, and once a week":     {[]fleet.JobWindow{{Days: []string{"sun"}, From: "02:15", To: "02:45", TimeZone: "Europe/Berlin"}}, "2027-03-27T12:00:00Z", "2027-04-04T00:15:00Z"},
		"a zone of half an hour":       {[]fleet.JobWindow{{From: "08:00", To: "09:00", TimeZone: "Asia/Kolkata"}}, "2026-11-22T00:00:00Z", "2026-11-22T02:30:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := fleet.NextWindow(c.windows, at).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s: at %s the next window is %s, want %s", name, c.at, got, c.want)
		}
	}
}
