package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

// advanced lets time pass, lets the server work, and returns the job, read in a new session: an
// older one may have ended.
func advanced(t *testing.T, s *kit.Server, d time.Duration, path string) api.Job {
	t.Helper()
	s.Clock.Advance(d)
	s.RunJobs()
	return readJob(t, s.SignedIn("admin@example.com"), path)
}

// waitsFor checks what a job waits for, and until when.
func waitsFor(t *testing.T, j api.Job, what, until, counts string) {
	t.Helper()
	isJob(t, j, "waiting", counts)
	if d := j.StatusDetails; d.WaitingFor != what || d.Until == nil || !d.Until.Equal(instant(t, until)) {
		t.Errorf("job %d waits for %q until %v, want %q until %s", j.ID, d.WaitingFor, d.Until, what, until)
	}
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func wasAt(t *testing.T, what string, got *api.Time, want string) {
	t.Helper()
	if got == nil || !got.Equal(instant(t, want)) {
		t.Errorf("%s is %v, want %s", what, got, want)
	}
}

// stepUntil takes the lease of the next job and does its steps until the condition holds.
func stepUntil(t *testing.T, s *kit.Server, holds func() bool) control.JobLease {
	t.Helper()
	lease, found, err := s.Control.ClaimJob(t.Context(), "test")
	for step := 0; step < 10 && err == nil && found && !holds(); step++ {
		_, err = s.Control.StepJob(t.Context(), lease)
	}
	if err != nil || !found || !holds() {
		t.Fatal("the job does not get there: ", found, err)
	}
	return lease
}

// Chunks of a job begin only inside a window, by the clocks of its time zone.
func TestContract_JobWindows(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e) // on Sunday, 2026-11-22 at 10:00 UTC
		window := func(days []string, from, to, zone string) []object {
			w := object{"from": from, "to": to, "time_zone": zone}
			if days != nil {
				w["days"] = days
			}
			return []object{w}
		}
		t.Run("begins with it", func(t *testing.T) {
			body := plus(withAuto(selecting(1000)), "windows", window([]string{"sun"}, "10:00", "11:00", "America/New_York"))
			path, j := jobOf(t, s, admin, body)
			waitsFor(t, j, "window", "2026-11-22T15:00:00Z", "1 planned")
			waitsFor(t, advanced(t, s, 5*time.Hour-time.Microsecond, path), "window", "2026-11-22T15:00:00Z", "1 planned")
			j = advanced(t, s, time.Microsecond, path)
			isJob(t, j, "completed", "1 done")
			wasAt(t, "the start", j.StartedAt, "2026-11-22T15:00:00Z")
		})
		t.Run("no chunk begins after its end", func(t *testing.T) { // at 15:00
			admin := s.SignedIn("admin@example.com")
			body := plus(withAuto(selecting(1001, 1002)), "windows", window(nil, "14:00", "16:00", "UTC"))
			path := admin.Post(migrationJobs, plus(body, "waves", []object{{"sims": 1}})).Is(http.StatusCreated).Header.Get("Location")
			lease := stepUntil(t, s, func() bool { return counted(readJob(t, admin, path)) == "1 planned, 1 done" })
			if j := readJob(t, admin, path); j.State != "running" {
				t.Fatalf("the job is %s", j.State)
			}
			s.Clock.Advance(time.Hour)
			if _, err := s.Control.StepJob(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
			if err := s.Control.ReleaseJob(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
			waitsFor(t, advanced(t, s, 0, path), "window", "2026-11-23T14:00:00Z", "1 planned, 1 done")
			isJob(t, advanced(t, s, 22*time.Hour, path), "completed", "2 done")
		})
		t.Run("a pause that ends outside waits for the next", func(t *testing.T) { // Monday 14:00
			admin := s.SignedIn("admin@example.com")
			body := plus(withAuto(selecting(1003, 1004)), "windows", window(nil, "14:00", "15:00", ""))
			path, j := jobOf(t, s, admin, plus(body, "waves", []object{{"sims": 1, "pause_seconds": 3600}}))
			waitsFor(t, j, "wave", "2026-11-23T15:00:00Z", "1 planned, 1 done")
			waitsFor(t, advanced(t, s, time.Hour, path), "window", "2026-11-24T14:00:00Z", "1 planned, 1 done")
			isJob(t, advanced(t, s, 23*time.Hour, path), "completed", "2 done")
		})
		t.Run("after clocks have gone forward", func(t *testing.T) {
			admin := s.SignedIn("admin@example.com")
			body := plus(withAuto(selecting(1005)), "windows", window(nil, "08:00", "09:00", "Europe/Berlin"))
			path, j := jobOf(t, s, admin, plus(body, "not_before", "2027-03-27T23:00:00Z"))
			waitsFor(t, j, "start_time", "2027-03-27T23:00:00Z", "1 planned")
			j = advanced(t, s, instant(t, "2027-03-27T23:00:00Z").Sub(s.Clock.Now()), path)
			waitsFor(t, j, "window", "2027-03-28T06:00:00Z", "1 planned")
		})
	})
}

// Nothing moves before not_before, and no chunk begins at not_after or later. A job shows both the
// times that were asked for and those at which it started and ended.
func TestContract_JobTimes(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e) // on Sunday, 2026-11-22 at 10:00 UTC
		timed := func(from, until string, ids ...int64) object {
			return plus(plus(withAuto(selecting(ids...)), "not_before", from), "not_after", until)
		}
		t.Run("starts", func(t *testing.T) {
			path, j := jobOf(t, s, admin, timed("2026-11-22T12:00:00+01:00", "2026-11-22T12:00:00Z", 1000))
			waitsFor(t, j, "start_time", "2026-11-22T11:00:00Z", "1 planned")
			waitsFor(t, advanced(t, s, time.Hour-time.Microsecond, path), "start_time", "2026-11-22T11:00:00Z", "1 planned")
			j = advanced(t, s, 15*time.Minute, path)
			isJob(t, j, "completed", "1 done")
			wasAt(t, "not_before", j.NotBefore, "2026-11-22T11:00:00Z")
			wasAt(t, "not_after", j.NotAfter, "2026-11-22T12:00:00Z")
			wasAt(t, "started_at", j.StartedAt, "2026-11-22T11:14:59.999Z")
			wasAt(t, "ended_at", j.EndedAt, "2026-11-22T11:14:59.999Z")
		})
		admin = s.SignedIn("admin@example.com") // at 11:15
		for name, c := range map[string]struct {
			waves []object
			state string
		}{
			"while it waits for a wave": {[]object{{"sims": 1, "pause_seconds": 7200}}, "waiting"},
			"while it is paused":        {[]object{{"sims": 1, "then": "pause"}}, "paused"},
		} {
			t.Run("ends "+name, func(t *testing.T) {
				now := s.Clock.Now()
				first := int64(1010)
				if c.state == "paused" {
					first = 1020
				}
				end := now.Add(time.Hour)
				path, j := jobOf(t, s, admin, plus(timed(now.Format(time.RFC3339), end.Format(time.RFC3339Nano), first, first+1), "waves", c.waves))
				isJob(t, j, c.state, "1 planned, 1 done")
				isJob(t, advanced(t, s, end.Sub(s.Clock.Now())-time.Microsecond, path), c.state, "1 planned, 1 done")
				j = advanced(t, s, time.Microsecond, path)
				isJob(t, j, "expired", "1 planned, 1 done")
				if !strings.Contains(j.StatusDetails.Why, "not_after") {
					t.Errorf("the job says %q", j.StatusDetails.Why)
				}
				isJob(t, advanced(t, s, 24*time.Hour, path), "expired", "1 planned, 1 done")
				admin = s.SignedIn("admin@example.com")
				admin.Post(path+"/resume", "").Is(http.StatusConflict)
			})
		}
		t.Run("ends between two chunks", func(t *testing.T) {
			now := s.Clock.Now()
			body := plus(timed(now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339Nano), 1030, 1031), "waves", []object{{"sims": 1}})
			path := admin.Post(migrationJobs, body).Is(http.StatusCreated).Header.Get("Location")
			lease := stepUntil(t, s, func() bool { return counted(readJob(t, admin, path)) == "1 planned, 1 done" })
			s.Clock.Advance(time.Hour)
			if _, err := s.Control.StepJob(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
			isJob(t, readJob(t, s.SignedIn("admin@example.com"), path), "expired", "1 planned, 1 done")
		})
	})
}

// A plan that is not started expires after 24 hours: it moves nothing and cannot be started.
func TestContract_JobPlanExpires(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, selecting(kit.ActivatedSIM))
		isJob(t, j, "planned", "1 planned")
		wasAt(t, "expires_at", j.ExpiresAt, "2026-11-23T10:00:00Z")
		isJob(t, advanced(t, s, 24*time.Hour-time.Microsecond, path), "planned", "1 planned")
		tag := s.SignedIn("admin@example.com").Get(path).Header.Get("ETag")
		j = advanced(t, s, time.Microsecond, path)
		isJob(t, j, "expired", "1 planned")
		if !strings.Contains(j.StatusDetails.Why, "not started") {
			t.Errorf("the job says %q", j.StatusDetails.Why)
		}
		wantCode(t, s.SignedIn("admin@example.com").With("If-Match", tag).Post(path+"/start", ""), http.StatusConflict, 1406)
	})
}

// Waves end after a number or a share of SIMs. After each the gate lets the next one begin only if
// few enough SIMs were refused, of at least min_sims: with fewer the job pauses, with too many
// refusals it ends.
func TestContract_JobGateShare(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		next := int64(1000)
		// run moves four SIMs in waves of two. After the plan, the first drifted SIMs change.
		run := func(t *testing.T, drifted int64, gate object) (path string, j api.Job) {
			t.Helper()
			ids := []int64{next, next + 1, next + 2, next + 3}
			next += 4
			path, j = jobOf(t, s, admin, plus(plus(selecting(ids...), "waves", []object{{"sims": 2}}), "gate", gate))
			isJob(t, j, "planned", "4 planned")
			for _, id := range ids[:drifted] {
				admin.Patch(simURL(id), toStatus(1)).Is(http.StatusNoContent)
			}
			startJob(s, admin, path)
			return path, readJob(t, admin, path)
		}
		for name, c := range map[string]struct {
			drifted       int64
			gate          object
			state, counts string
		}{
			"few enough":            {1, object{"max_refused_percent": 50}, "completed_with_refusals", "3 done, 1 drifted"},
			"none":                  {0, object{"max_refused_percent": 0, "min_sims": 2}, "completed", "4 done"},
			"too many":              {1, object{"max_refused_percent": 49}, "failed", "2 planned, 1 done, 1 drifted"},
			"all":                   {2, object{"max_refused_percent": 99}, "failed", "2 planned, 2 drifted"},
			"too few to judge":      {0, object{"max_refused_percent": 100, "min_sims": 3}, "paused", "2 planned, 2 done"},
			"too few, and all fail": {2, object{"max_refused_percent": 100, "min_sims": 3}, "paused", "2 planned, 2 drifted"},
		} {
			t.Run(name, func(t *testing.T) {
				path, j := run(t, c.drifted, c.gate)
				isJob(t, j, c.state, c.counts)
				if c.state == "failed" || c.state == "paused" {
					if !strings.Contains(j.StatusDetails.Why, "gate") || j.StatusDetails.Wave != 1 {
						t.Errorf("the job says %+v", j.StatusDetails)
					}
				}
				if c.state != "paused" {
					return
				}
				admin.Post(path+"/resume", "").Is(http.StatusOK) // the user decides
				s.RunJobs()
				if j := readJob(t, admin, path); !strings.HasPrefix(j.State, "completed") {
					t.Errorf("resumed, it is %s", j.State)
				}
			})
		}
		t.Run("shares of all SIMs", func(t *testing.T) {
			waves := []object{{"percent": 25, "then": "pause"}, {"percent": 75, "then": "pause"}, {"percent": 100}}
			path, j := jobOf(t, s, admin, plus(withAuto(selecting(1100, 1101, 1102, 1103)), "waves", waves))
			for _, counts := range []string{"3 planned, 1 done", "1 planned, 3 done"} {
				isJob(t, j, "paused", counts)
				admin.Post(path+"/resume", "").Is(http.StatusOK)
				s.RunJobs()
				j = readJob(t, admin, path)
			}
			isJob(t, j, "completed", "4 done")
		})
	})
}
