package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// With the landing activate, SIMs that were Activated stay so; others keep their status.
func TestContract_JobLanding(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		for _, landing := range []string{"contract", "activate"} {
			s, admin := startFerry(t, e)
			body := plus(withAuto(selecting(kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)), "landing", object{"status": landing})
			path, j := jobOf(t, s, admin, body)
			isJob(t, j, "completed", "4 done")
			if j.Landing == nil || j.Landing.Status != landing {
				t.Errorf("%s: the job shows %+v", landing, j.Landing)
			}
			want := map[int64]int64{kit.ActivatedSIM: 2, kit.IssuedSIM: 0, kit.SuspendedSIM: 2, kit.FactoryTestSIM: 4}
			if landing == "activate" {
				want[kit.ActivatedSIM] = 1
			}
			target := admin.In(kit.FleetUS)
			for id, status := range want {
				if got := stateOfSIM(target, id); got.workspace != kit.FleetUS || got.status != status {
					t.Errorf("%s: SIM %d is %+v, want status %d", landing, id, got, status)
				}
			}
			sims := decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim"), http.StatusOK)
			entry := decodeBody[api.Migration](t, admin.Get(fmt.Sprintf("/api/v1/migration/%d", *sims[0].Migration.ID)), http.StatusOK)
			if after := entry.SIMs[0].After.Status.ID; after != want[kit.ActivatedSIM] {
				t.Errorf("%s: the ledger says that SIM %d has status %d", landing, entry.SIMs[0].ID, after)
			}
			undo := admin.Post(path+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
			s.RunJobs()
			isJob(t, readJob(t, admin, undo), "completed", "4 done")
			if got := stateOfSIM(admin, kit.ActivatedSIM); got.status != 1 {
				t.Errorf("%s: after the undo SIM %d is %+v", landing, kit.ActivatedSIM, got)
			}
			s.CheckInvariants()
		}
	})
}

// A client that prefers to wait gets the job with its plan.
func TestContract_JobPrefersWait(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		at := admin.Post(migrationJobs, selecting(kit.IssuedSIM)).Is(http.StatusCreated)
		if j := decodeBody[api.Job](t, at, http.StatusCreated); j.State != "planning" || at.Header.Get("Preference-Applied") != "" || at.Header.Get("ETag") != "" {
			t.Errorf("without the preference: %s, %v", at.Body, at.Header)
		}
		for _, prefer := range []string{"wait=0", "wait=-1", "wait=soon", "respond-async"} { // no server works on jobs yet
			if h := admin.With("Prefer", prefer).Post(migrationJobs, selecting(kit.IssuedSIM)).Is(http.StatusCreated).Header; h.Get("Preference-Applied") != "" {
				t.Errorf("%s: applied as %q", prefer, h.Get("Preference-Applied"))
			}
		}
		s.StartJobs()
		for prefer, applied := range map[string]string{"wait=10": "wait=10", `respond-async, wait="5"`: "wait=5", "wait=3600": "wait=20"} {
			got := admin.With("Prefer", prefer).Post(migrationJobs, selecting(kit.ActivatedSIM)).Is(http.StatusCreated)
			j := decodeBody[api.Job](t, got, http.StatusCreated)
			if h := got.Header; j.State != "planned" || h.Get("Preference-Applied") != applied || h.Get("ETag") == "" {
				t.Errorf("%s: the job is %s, headers %v", prefer, j.State, h)
			}
		}
	})
}

// badJobs are requests that are refused before a job is made, by what their messages have to name.
var badJobs = []struct {
	property string
	value    any
	names    string // the property and the cure
}{
	{"select", nil, "select: it is required"},
	{"select", object{}, "select: it selects nothing: send sims"},
	{"select", object{"sims": []object{}}, "select: it selects nothing"},
	{"select", object{"sims": []object{{"id": 1}, {}}}, "select.sims[1]"},
	{"select", object{"iccids": []string{"8988303000000000129", "123"}}, "select.iccids[1]"},
	{"select", object{"iccid_ranges": []object{{"start": "8988303000000000129", "end": "8988303000000000128"}}}, "select.iccid_ranges[0].end"},
	{"select", object{"iccid_ranges": []object{{"start": "8988303000000000000", "end": "8988303000005000000"}}}, "select.iccid_ranges[0]: it spans more than 5000000 numbers: split it"},
	{"select", object{"iccid_ranges": many(101, object{"start": "8988303000000000129", "end": "8988303000000000129"})}, "at most 100"},
	{"select", object{"filter": object{"q": "status:1"}}, "select.filter.workspace: it is required"},
	{"select", object{"failed_of": object{}}, "select.failed_of.id: it is required"},
	{"select", object{"sim": []object{{"id": 1}}}, "sim"},
	{"target_workspace", nil, "target_workspace: it is required"},
	{"target_workspace", object{}, "target_workspace.id: it is required"},
	{"dryrun", false, "dryrun"},
	{"dry_run", "no", "dry_run"},
	{"dry_run", nil, "dry_run"},
	{"auto_detach_devices", nil, "auto_detach_devices"},
	{"allowed_sim_statuses", []object{}, "allowed_sim_statuses"},
	{"allowed_sim_statuses", []object{{"id": 9}}, "allowed_sim_statuses"},
	{"on_conflict", "ask", "on_conflict: \\\"ask\\\" is not known; use stop or skip"},
	{"landing", object{"status": "suspend"}, "use contract or activate"},
	{"not_before", "tomorrow", "not_before: \\\"tomorrow\\\" is not an instant; write it as 2026-"},
	{"not_after", "2026-11-22", "not_after"},
	{"not_after", "2026-11-22T09:59:59Z", "not_after: it has passed"},
	{"reference", strings.Repeat("x", fleet.MaxReference+1), "reference: it has 101 characters; at most 100 are allowed: shorten it"},
	{"reason", strings.Repeat("x", fleet.MaxReason+1), "reason: it has 501 characters"},
	{"reason", "a\u0000b", "reason"},
	{"windows", many(51, object{"from": "22:00", "to": "23:00"}), "windows: 51 are given; at most 50"},
	{"windows", []object{{"from": "22:00", "to": "23:00", "days": []string{"monday"}}}, "windows[0].days[0]: \\\"monday\\\" is not a day; use sun, mon"},
	{"windows", []object{{"from": "24:00", "to": "23:00"}}, "windows[0].from: \\\"24:00\\\" is not a time of the day; write it as 22:00"},
	{"windows", []object{{"from": "22:00"}}, "windows[0].to"},
	{"windows", []object{{"from": "22:00", "to": "23:00", "time_zone": "Mars/Base"}}, "windows[0].time_zone"},
	{"windows", []object{{"from": "22:00", "to": "23:00", "zone": "UTC"}}, "zone"},
	{"waves", many(101, object{"sims": 1}), "waves: 101 are given; at most 100"},
	{"waves", []object{{"sims": 1, "percent": 1}}, "waves[0]: send exactly one of sims and percent"},
	{"waves", []object{{}}, "waves[0]: send exactly one of sims and percent"},
	{"waves", []object{{"sims": -1}}, "waves[0].sims"},
	{"waves", []object{{"sims": 1}, {"percent": 101}}, "waves[1].percent"},
	{"waves", []object{{"sims": 1, "pause_seconds": 30*86400 + 1}}, "waves[0].pause_seconds: 2592001 is not possible: use 0 to 2592000"},
	{"waves", []object{{"sims": 1, "then": "stop"}}, "waves[0].then: \\\"stop\\\" is not known; use continue or pause"},
	{"gate", object{"max_refused_percent": 101}, "gate.max_refused_percent: 101 is not a share: use 0 to 100"},
	{"gate", object{"max_refused_percent": 1, "min_sims": -1}, "gate.min_sims"},
	{"gate", object{"max_refused_percent": 1}, "gate: it is checked between waves, and the job has none; add waves or remove gate"},
}

func many(n int, o object) []object {
	list := make([]object, n)
	for i := range list {
		list[i] = o
	}
	return list
}

// A job with a bad value is refused at once, with the name of the value and what to do; nothing is
// kept. Both kinds of jobs have the same rules for what they share.
func TestContract_JobLimits(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		before := s.Dump()
		refused := func(path string, body object, names string) {
			t.Helper()
			got := admin.Post(path, body)
			if got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), names) {
				t.Errorf("%.200v: %d %s, want a 400 that says %s", body, got.Status, got.Body, names)
			}
		}
		statusJob := object{"status": object{"id": 1}, "select": selecting(kit.IssuedSIM)["select"]}
		for _, c := range badJobs {
			body := plus(selecting(kit.ActivatedSIM), c.property, c.value)
			if c.property == "gate" && !strings.Contains(c.names, "add waves") {
				body = plus(body, "waves", []object{{"sims": 1}})
			}
			refused(migrationJobs, body, c.names)
			switch c.property {
			case "target_workspace", "auto_detach_devices", "allowed_sim_statuses", "landing": // only a migration has them
			default:
				delete(body, "target_workspace")
				refused("/api/v1/sim_status_job", plus(body, "status", object{"id": 1}), c.names)
			}
		}
		refused("/api/v1/sim_status_job", plus(statusJob, "status", object{"id": 3}), "status.id: it must be 1 (Activated) or 2 (Suspended)")
		refused("/api/v1/sim_status_job", plus(statusJob, "landing", object{"status": "activate"}), "landing")
		for _, id := range []int{kit.Elsewhere, 4711} { // another one, and none
			wantCode(t, admin.Post(migrationJobs, plus(selecting(kit.ActivatedSIM), "target_workspace", object{"id": id})), http.StatusNotFound, 1201)
			filter := object{"filter": object{"workspace": object{"id": id}}}
			wantCode(t, admin.Post(migrationJobs, plus(selecting(), "select", filter)), http.StatusNotFound, 1201)
		}
		wantCode(t, admin.Post(migrationJobs, plus(selecting(), "select", object{"failed_of": object{"id": 4711}})), http.StatusNotFound, 1201)
		faulty := object{"filter": object{"workspace": object{"id": kit.FleetDE}, "q": "colour:red"}}
		wantCode(t, admin.Post(migrationJobs, plus(selecting(), "select", faulty)), http.StatusUnprocessableEntity, 1301)
		if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" {
			t.Errorf("refused jobs changed:\n%s", diff)
		}
	})
}

// Only the ETag of its plan starts a job, also one that a proxy has marked as weak; that of another
// job does not.
func TestContract_JobStartNamesThePlan(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, _ := jobOf(t, s, admin, selecting(kit.ActivatedSIM))
		other, _ := jobOf(t, s, admin, selecting(kit.ActivatedSIM))
		if missing := wantCode(t, admin.Post(path+"/start", ""), http.StatusBadRequest, 1000); !strings.Contains(missing.Message, "If-Match: it is required") {
			t.Error(missing.Message)
		}
		foreign := admin.Get(other).Header.Get("ETag")
		for _, tag := range []string{foreign, `""`, "*", "x"} {
			if got := admin.With("If-Match", tag).Post(path+"/start", ""); got.Status != http.StatusPreconditionFailed && got.Status != http.StatusBadRequest {
				t.Errorf("If-Match: %s: %d %s", tag, got.Status, got.Body)
			}
		}
		isJob(t, readJob(t, admin, path), "planned", "1 planned")
		tag := admin.Get(path).Header.Get("ETag")
		admin.With("If-Match", tag).Post(path+"/start", object{"dry_run": false}).Is(http.StatusBadRequest)
		admin.With("If-Match", "W/"+tag).Post(path+"/start", "").Is(http.StatusOK)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "completed", "1 done")
		admin.With("If-Match", tag).Post(path+"/start", "").Is(http.StatusConflict)

		stopped, j := jobOf(t, s, admin, plus(selecting(kit.IssuedSIM, kit.AttachedSIM), "on_conflict", "stop"))
		isJob(t, j, "planned", "1 planned, 1 refused")
		got := admin.With("If-Match", admin.Get(stopped).Header.Get("ETag")).Post(stopped+"/start", "").Is(http.StatusConflict)
		if !strings.Contains(string(got.Body), "on_conflict") {
			t.Errorf("%s does not name the cure", got.Body)
		}
	})
}

// A retry takes the SIMs that were refused, had changed, were not found or were not reached.
func TestContract_JobRetry(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		body := plus(selecting(kit.ActivatedSIM, kit.IssuedSIM, kit.AttachedSIM, 4711), "on_conflict", "skip")
		path, j := jobOf(t, s, admin, plus(body, "reference", "CHG-1"))
		isJob(t, j, "planned", "2 planned, 1 refused, 1 not_found")
		admin.Post(path+"/retry", "").Is(http.StatusConflict) // it has not ended
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		startJob(s, admin, path)
		isJob(t, readJob(t, admin, path), "completed_with_refusals", "1 done, 1 refused, 1 drifted, 1 not_found")
		admin.Patch(fmt.Sprintf("/api/v1/endpoint/%d", kit.DeviceWithSIM), object{"sim": object{"id": nil}}).Is(http.StatusNoContent)

		again := admin.Post(path+"/retry", object{"reference": "CHG-2"}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		j = readJob(t, admin, again)
		isJob(t, j, "planned", "2 planned, 1 not_found")
		if j.Retries == nil || jobPath(int64(*j.Retries.ID)) != path || j.OnConflict != "skip" || j.Reference != "CHG-2" || !j.DryRun {
			t.Errorf("%+v", j)
		}
		startJob(s, admin, again)
		isJob(t, readJob(t, admin, again), "completed_with_refusals", "2 done, 1 not_found")

		third := admin.Post(again+"/retry", object{"dry_run": false, "on_conflict": "stop"}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, third), "refused", "1 not_found")
		wantCode(t, admin.Post(migrationJobs+"/4711/retry", ""), http.StatusNotFound, 1201)
		admin.Post(path+"/retry", object{"target_workspace": object{"id": 100}}).Is(http.StatusBadRequest)
	})
}

func jobPath(id int64) string { return fmt.Sprintf("%s/%d", migrationJobs, id) }

// An undo of a job reverses its ledger entries, the newest first.
func TestContract_JobUndoNewestFirst(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		waves := []object{{"sims": 1}, {"sims": 1}, {"sims": 1}}
		path, j := jobOf(t, s, admin, plus(withAuto(selecting(1000, 1001, 1002)), "waves", waves))
		isJob(t, j, "completed", "3 done")
		var moved []int64
		for _, sim := range decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim"), http.StatusOK) {
			moved = append(moved, int64(*sim.Migration.ID))
		}
		undo := admin.Post(path+"/undo", "").Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undo), "planned", "3 planned")
		startJob(s, admin, undo)
		j = readJob(t, admin, undo)
		isJob(t, j, "completed", "3 done")
		if j.Undoes == nil || jobPath(int64(*j.Undoes.ID)) != path || j.Kind != "undo" {
			t.Errorf("%+v", j)
		}
		var undone []int64
		entries := decodeBody[[]api.Migration](t, admin.Get("/api/v1/migration?sort=id"), http.StatusOK)
		for _, m := range entries {
			if m.Undoes != nil {
				undone = append(undone, int64(*m.Undoes.ID))
			}
		}
		if want := []int64{moved[2], moved[1], moved[0]}; cmp.Diff(want, undone) != "" {
			t.Errorf("the entries %v are undone in the order %v", moved, undone)
		}
	})
}

// Two jobs with the same target and a common source run one after the other; a job between other
// Workspaces does not wait for them.
func TestContract_JobsOfOnePairTakeTurns(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		first := admin.Post(migrationJobs, withAuto(selecting(1000))).Is(http.StatusCreated).Header.Get("Location")
		lease := stepUntil(t, s, func() bool { return readJob(t, admin, first).State == "running" })
		_, second := jobOf(t, s, admin, withAuto(selecting(1001)))
		isJob(t, second, "waiting", "1 planned")
		if second.StatusDetails.WaitingFor != "other_job" {
			t.Errorf("it waits for %+v", second.StatusDetails)
		}
		_, third := jobOf(t, s, admin, plus(withAuto(selecting(1002)), "target_workspace", object{"id": kit.FleetFR}))
		isJob(t, third, "completed", "1 done")
		if err := s.Control.ReleaseJob(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		s.RunJobs()
		isJob(t, readJob(t, admin, first), "completed", "1 done")
		isJob(t, advanced(t, s, 2*kit.JobLook, jobPath(second.ID)), "completed", "1 done")
	})
}

// An undo and a job that moves SIMs between the same two Workspaces run one after the other, in
// either order; a job between other Workspaces does not wait.
func TestContract_JobUndoTakesTurns(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		moved, j := jobOf(t, s, admin, withAuto(selecting(1000, 1001)))
		isJob(t, j, "completed", "2 done")
		back := admin.Post(moved+"/undo", object{"dry_run": false, "on_conflict": "skip"}).Is(http.StatusCreated).Header.Get("Location")
		lease := stepUntil(t, s, func() bool { return readJob(t, admin, back).State == "running" })
		waits := func(path string) {
			t.Helper()
			if j := readJob(t, admin, path); j.State != "waiting" || j.StatusDetails.WaitingFor != "other_job" {
				t.Errorf("%s is %s, %+v", path, j.State, j.StatusDetails)
			}
		}
		same, _ := jobOf(t, s, admin, withAuto(selecting(1002)))
		waits(same)
		_, other := jobOf(t, s, admin, plus(withAuto(selecting(1003)), "target_workspace", object{"id": kit.FleetFR}))
		isJob(t, other, "completed", "1 done")
		if err := s.Control.ReleaseJob(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		s.RunJobs()
		isJob(t, readJob(t, admin, back), "completed", "2 done")

		s.Clock.Advance(2 * kit.JobLook)
		admin = s.As("admin@example.com")
		lease = stepUntil(t, s, func() bool { return readJob(t, admin, same).State == "running" })
		again := admin.Post(jobPath(other.ID)+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		later, j := jobOf(t, s, admin, withAuto(selecting(1004)))
		waits(later)
		isJob(t, readJob(t, admin, again), "completed", "1 done")
		if err := s.Control.ReleaseJob(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		s.RunJobs()
		isJob(t, advanced(t, s, 2*kit.JobLook, jobPath(j.ID)), "completed", "1 done")
	})
}

// Members of the Workspaces that an undo of a job gives SIMs back to see what they get.
func TestContract_JobUndoAtHome(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, withAuto(selecting(kit.ActivatedSIM, kit.IssuedSIM, kit.SIMInFR)))
		isJob(t, j, "completed", "3 done")
		undo := admin.Post(path+"/undo", "").Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		watcher := s.As("observer@example.com") // of FleetDE
		isJob(t, readJob(t, watcher, undo), "planned", "2 planned")
		wantSIMs(t, watcher, undo, map[string]string{"251": "planned", "252": "planned"})
		if list := decodeBody[[]api.Job](t, watcher.Get(migrationJobs+"?q=kind:undo"), http.StatusOK); len(list) != 1 || counted(list[0]) != "2 planned" {
			t.Errorf("the list has %+v", list)
		}
		if text := watcher.With("Accept", "text/csv").Get(undo + "/sim").Is(http.StatusOK).Body; strings.Count(string(text), "\n") != 3 {
			t.Errorf("the file is %s", text)
		}
		wantCode(t, watcher.Post(undo+"/cancel", ""), http.StatusForbidden, 1104)
		tag := admin.Get(undo).Header.Get("ETag")
		wantCode(t, watcher.With("If-Match", tag).Post(undo+"/start", ""), http.StatusForbidden, 1104)
		admin.With("If-Match", tag).Post(undo+"/start", "").Is(http.StatusOK)
		s.RunJobs()
		isJob(t, readJob(t, watcher, undo), "completed", "2 done")
		s.MustFsck()
	})
}

// An undo that could not move a single SIM is refused before a job is made, as the undo of a
// migration is.
func TestContract_JobUndoNeedsRights(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, withAuto(selecting(kit.ActivatedSIM, kit.SIMInFR)))
		isJob(t, j, "completed", "2 done")
		undo := admin.Post(path+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undo), "completed", "2 done")
		for _, c := range []struct {
			from, de, fr fleet.Role // in FleetUS, FleetDE and FleetFR
			status, code int
			again        int // of an undo of the undo
		}{
			{fleet.Observer, fleet.Observer, fleet.Observer, 404, 1201, 404},
			{fleet.Administrator, fleet.Observer, fleet.Observer, 404, 1201, 403},
			{fleet.Observer, fleet.Administrator, fleet.Administrator, 403, 1104, 404},
			{fleet.NoRole, fleet.Administrator, fleet.Administrator, 404, 1201, 404},
			{fleet.Administrator, fleet.Administrator, fleet.Observer, 201, 0, 201},
		} {
			for ws, role := range map[fleet.WorkspaceID]fleet.Role{kit.FleetUS: c.from, kit.FleetDE: c.de, kit.FleetFR: c.fr} {
				s.SetRole(kit.StrangerID, ws, role)
			}
			stranger := s.As("stranger@example.com")
			got := stranger.Post(path+"/undo", "")
			if got.Status != c.status || c.code != 0 && !strings.Contains(string(got.Body), fmt.Sprint(c.code)) {
				t.Errorf("%+v: %d %s", c, got.Status, got.Body)
			}
			if got := stranger.Post(undo+"/undo", ""); got.Status != c.again {
				t.Errorf("%+v, of the undo: %d %s", c, got.Status, got.Body)
			}
		}
	})
}

// The undo of a job is seen by the members of the Workspaces that the SIMs leave, each with its own
// SIMs, and by the user who made it.
func TestContract_JobUndoRights(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, withAuto(selecting(kit.ActivatedSIM, kit.SIMInFR)))
		isJob(t, j, "completed", "2 done")
		undo := admin.Post(path+"/undo", "").Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undo), "planned", "2 planned")
		wantSIMs(t, admin, undo, map[string]string{"251": "planned", "260": "planned"})

		stranger := s.As("stranger@example.com")
		for _, do := range []func() *kit.Answer{
			func() *kit.Answer { return stranger.Get(undo) },
			func() *kit.Answer { return stranger.Get(undo + "/sim") },
			func() *kit.Answer { return stranger.With("Accept", "text/csv").Get(undo + "/sim") },
			func() *kit.Answer { return stranger.Get(undo + "/watch") },
			func() *kit.Answer { return stranger.Post(path+"/undo", "") },
			func() *kit.Answer { return stranger.Post(undo+"/retry", "") },
			func() *kit.Answer { return stranger.Post(undo+"/cancel", "") },
		} {
			got := do()
			absent := strings.NewReplacer(undo, jobPath(4711), path, jobPath(4711)).Replace(got.Request)
			method, url, _ := strings.Cut(absent, " ")
			if unknown := stranger.Do(method, url, nil); got.Status != http.StatusNotFound || unknown.Status != got.Status {
				t.Errorf("%s: %d %s; of an unknown job %d", got.Request, got.Status, got.Body, unknown.Status)
			}
		}
		for _, job := range decodeBody[[]api.Job](t, stranger.Get(migrationJobs), http.StatusOK) {
			t.Errorf("a stranger sees job %d", job.ID)
		}
		s.SetRole(kit.StrangerID, kit.FleetUS, fleet.Observer) // the SIMs are there
		isJob(t, readJob(t, stranger, undo), "planned", "2 planned")
		wantSIMs(t, stranger, undo, map[string]string{"251": "planned", "260": "planned"})
		wantCode(t, stranger.Post(undo+"/cancel", ""), http.StatusForbidden, 1104)
	})
}

// The entries of the ledger name the job that wrote them, to those who see the job, and can be
// found by it.
func TestContract_LedgerOfAJob(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.SuspendedSIM))).Is(http.StatusOK) // of no job
		path, j := jobOf(t, s, admin, plus(withAuto(selecting(1000, 1001, kit.SIMInFR)), "waves", []object{{"sims": 1}, {"sims": 1}}))
		isJob(t, j, "completed", "3 done")
		undo := admin.Post(path+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undo), "completed", "3 done")
		found := func(c *kit.Client, q string) (list []string) {
			t.Helper()
			for _, m := range decodeBody[[]api.Migration](t, c.Get("/api/v1/migration?sort=id&q="+q), http.StatusOK) {
				job := "no job"
				if m.Job != nil {
					job = jobPath(int64(*m.Job.ID))
				}
				list = append(list, fmt.Sprintf("%d by %s", m.ID, job))
			}
			return list
		}
		ofJob, ofUndo := []string{"3 by " + path, "4 by " + path, "5 by " + path}, []string{"6 by " + undo, "7 by " + undo, "8 by " + undo}
		for q, want := range map[string][]string{
			"":                    append(append([]string{"2 by no job"}, ofJob...), ofUndo...),
			"job:" + nameOf(path): ofJob, "job:" + nameOf(undo): ofUndo, "job:4711": nil,
			"job:" + nameOf(path) + "%7C" + nameOf(undo): append(append([]string{}, ofJob...), ofUndo...),
			"job:" + nameOf(path) + ",sim:1001":          {"5 by " + path},
		} {
			if diff := cmp.Diff(want, found(admin, q)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", q, diff)
			}
		}
		one := decodeBody[api.Migration](t, admin.Get("/api/v1/migration/3"), http.StatusOK)
		if one.Job == nil || jobPath(int64(*one.Job.ID)) != path {
			t.Errorf("entry 3 names %+v", one.Job)
		}
		source, stranger := s.As("observer@example.com"), s.As("stranger@example.com")
		if diff := cmp.Diff(ofJob[1:], found(source, "job:"+nameOf(path))); diff != "" {
			t.Errorf("a member of one source (-want +got):\n%s", diff)
		}
		if got := found(stranger, "job:"+nameOf(path)); len(got) != 0 {
			t.Errorf("a stranger finds %v", got)
		}
	})
}

// nameOf returns the last part of a path.
func nameOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
