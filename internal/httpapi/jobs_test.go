package httpapi_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const migrationJobs = "/api/v1/migration_job"

// jobOf makes a job, lets the server work on it, and reads it.
func jobOf(t *testing.T, s *kit.Server, c *kit.Client, body object) (path string, j api.Job) {
	t.Helper()
	path = c.Post(migrationJobs, body).Is(http.StatusCreated).Header.Get("Location")
	s.RunJobs()
	return path, readJob(t, c, path)
}

func readJob(t *testing.T, c *kit.Client, path string) api.Job {
	t.Helper()
	return decodeBody[api.Job](t, c.Get(path), http.StatusOK)
}

// counted returns the counts of a job as a text, as in "2 planned, 1 refused".
func counted(j api.Job) string {
	text := ""
	for i, c := range j.Counts {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", c.Count, c.Verdict)
	}
	return text
}

func isJob(t *testing.T, j api.Job, state, counts string) {
	t.Helper()
	if got, want := j.State+": "+counted(j), state+": "+counts; got != want { // one line, because fault harnesses match it
		t.Errorf("job %d is %s, want %s (%q)", j.ID, got, want, j.StatusDetails.Why)
	}
}

func selecting(ids ...int64) object {
	sims := []object{}
	for _, id := range ids {
		sims = append(sims, object{"id": id})
	}
	return object{"target_workspace": object{"id": kit.FleetUS}, "select": object{"sims": sims}}
}

// plus adds a property to a body.
func plus(o object, name string, value any) object {
	out := object{name: value}
	for k, v := range o {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// A dry run stops when it is planned. Started with the ETag of the plan, it moves exactly that.
func TestContract_JobIsPlannedStartedAndDone(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, plus(selecting(kit.ActivatedSIM, kit.IssuedSIM), "reference", "CHG-1"))
		isJob(t, j, "planned", "2 planned")
		tag := admin.Get(path).Is(http.StatusOK).Header.Get("ETag")
		admin.Post(path+"/start", "").Is(http.StatusBadRequest)
		admin.With("If-Match", `"other"`).Post(path+"/start", "").Is(http.StatusPreconditionFailed)
		admin.With("If-Match", tag).Post(path+"/start", "").Is(http.StatusOK)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "completed", "2 done")
		if diff := cmp.Diff("[[251 300] [252 300]]", fmt.Sprint(s.Rows("SELECT id, workspace_id FROM sims WHERE id IN (251, 252) ORDER BY id"))); diff != "" {
			t.Error(diff)
		}
		sims := decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim?q=verdict:done"), http.StatusOK)
		for query, n := range map[string]int{"verdict:done|done": len(sims), "verdict:done|refused,verdict:done": len(sims), "verdict:done,verdict:refused": 0} {
			again := admin.Get(path + "/sim?q=" + query)
			if list := decodeBody[[]api.JobSIM](t, again, http.StatusOK); len(list) != n || again.Header.Get("X-Total-Count") != fmt.Sprint(n) {
				t.Errorf("%s lists %d SIMs of %s, want %d", query, len(list), again.Header.Get("X-Total-Count"), n)
			}
		}
		if len(sims) != 2 || sims[0].ID != kit.ActivatedSIM || sims[0].Migration == nil {
			t.Errorf("%+v", sims)
		}
		admin.Get(path + "/sim?sort=id").Is(http.StatusOK)
		wantCode(t, admin.Get(path+"/sim?sort=-id"), http.StatusUnprocessableEntity, 1302)
		admin.With("Accept", "text/csv").Get(path + "/sim?sort=-id").Is(http.StatusUnprocessableEntity)
		if list := decodeBody[[]api.Job](t, admin.Get(migrationJobs+"?q=state:completed"), http.StatusOK); len(list) != 1 {
			t.Errorf("%d jobs are listed", len(list))
		}
		admin.Post(path+"/pause", "").Is(http.StatusConflict)
	})
}

// withAuto makes a body a real run.
func withAuto(o object) object { return plus(o, "dry_run", false) }

// jobSIMs returns the verdicts of a job by SIM, with the codes of refusals and the identifiers
// without a SIM.
func jobSIMs(t *testing.T, c *kit.Client, path string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, s := range decodeBody[[]api.JobSIM](t, c.Get(path+"/sim"), http.StatusOK) {
		key, verdict := s.Identifier, s.Verdict
		if s.ID != 0 {
			key = fmt.Sprint(s.ID)
		}
		for _, e := range s.Errors {
			verdict += fmt.Sprintf(" %d", e.ErrorCode)
		}
		found[key] = verdict
	}
	return found
}

func wantSIMs(t *testing.T, c *kit.Client, path string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, jobSIMs(t, c, path)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// With on_conflict stop, one refusal keeps every SIM in its Workspace; with skip, the others move.
func TestContract_JobOnConflict(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		refused := map[string]string{"250": "refused 1502", "251": "planned", "4711": "not_found"} // 250 is attached
		before := stateOf(s, "250, 251")
		path, j := jobOf(t, s, admin, withAuto(selecting(kit.AttachedSIM, kit.ActivatedSIM, 4711)))
		isJob(t, j, "refused", "1 planned, 1 refused, 1 not_found")
		wantSIMs(t, admin, path, refused)
		if after := stateOf(s, "250, 251"); after != before {
			t.Errorf("%s became %s", before, after)
		}
		path, j = jobOf(t, s, admin, plus(withAuto(selecting(kit.AttachedSIM, kit.ActivatedSIM, 4711)), "on_conflict", "skip"))
		isJob(t, j, "completed_with_refusals", "1 done, 1 refused, 1 not_found")
		refused["251"] = "done"
		wantSIMs(t, admin, path, refused)
	})
}

// SIMs of other Workspaces are reported like SIMs that do not exist, in every form of selection.
func TestContract_JobHidesForeignSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.Seed(elsewhere)
		foreign := fmt.Sprint(s.Rows(fmt.Sprintf("SELECT iccid FROM sims WHERE id = %d", kit.SIMElsewhere))[0][0])
		path, j := jobOf(t, s, admin, object{"target_workspace": object{"id": kit.FleetUS}, "select": object{
			"sims": []object{{"id": kit.SIMElsewhere}, {"id": 999}}, "iccids": []string{foreign, "8988303000000009999"},
			"iccid_ranges": []object{{"start": foreign, "end": foreign}},
		}})
		isJob(t, j, "planned", "4 not_found")
		wantSIMs(t, admin, path, map[string]string{"290": "not_found", "999": "not_found", foreign: "not_found", "8988303000000009999": "not_found"})
	})
}

// A SIM that changes after the plan is not moved, even if the rules would allow it.
func TestContract_JobDoesNotMoveDriftedSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, selecting(kit.ActivatedSIM, kit.IssuedSIM))
		isJob(t, j, "planned", "2 planned")
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		startJob(s, admin, path)
		isJob(t, readJob(t, admin, path), "completed_with_refusals", "1 done, 1 drifted")
		wantSIMs(t, admin, path, map[string]string{"251": "done", "252": "drifted"})
	})
}

func startJob(s *kit.Server, c *kit.Client, path string) {
	s.T.Helper()
	c.With("If-Match", c.Get(path).Header.Get("ETag")).Post(path+"/start", "").Is(http.StatusOK)
	s.RunJobs()
}

// The rights of the user who made the job are checked in each chunk.
func TestContract_JobNeedsItsRightsInEachChunk(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		for name, c := range map[string]struct {
			lose func(*kit.Server)
			code string
			says string
		}{
			"the target":           {func(s *kit.Server) { s.SetRole(kit.AdminID, kit.FleetUS, fleet.NoRole) }, "1518", "Administrator of the target Workspace"},
			"a role at the target": {func(s *kit.Server) { s.SetRole(kit.AdminID, kit.FleetUS, fleet.Member) }, "1518", "Administrator of the target Workspace"},
			"a role":               {func(s *kit.Server) { s.SetRole(kit.AdminID, kit.FleetDE, fleet.Observer) }, "1504", "Administrator of a Workspace that the SIMs leave"},
			"the source":           {func(s *kit.Server) { s.SetRole(kit.AdminID, kit.FleetDE, fleet.NoRole) }, "1504", "Administrator of a Workspace that the SIMs leave"},
			"the user":             {func(s *kit.Server) { suspend(s, kit.AdminID) }, "1517", "suspended or deleted"},
			"an enabled target": {func(s *kit.Server) {
				s.Exec(fmt.Sprintf("UPDATE workspaces SET status = 1 WHERE id = %d", kit.FleetUS))
			}, "1509", "target Workspace is suspended"},
		} {
			t.Run(name, func(t *testing.T) {
				s, admin := startFerry(t, e)
				waves := plus(withAuto(selecting(kit.ActivatedSIM, kit.IssuedSIM)), "waves", []object{{"sims": 1, "then": "pause"}})
				path, j := jobOf(t, s, admin, waves)
				isJob(t, j, "paused", "1 planned, 1 done")
				root := s.As("root@example.com")
				c.lose(s)
				root.Post(path+"/resume", "").Is(http.StatusOK)
				s.RunJobs()
				j = readJob(t, root, path)
				isJob(t, j, "completed_with_refusals", "1 done, 1 refused")
				if !strings.Contains(j.StatusDetails.Why, c.says) {
					t.Errorf("status_details say %q, want %q", j.StatusDetails.Why, c.says)
				}
				wantSIMs(t, root, path, map[string]string{"251": "done", "252": "refused " + c.code})
			})
		}
	})
}

// Pause, resume and cancel keep what is done and change nothing else.
func TestContract_JobIsPausedResumedCancelled(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		waves := []object{{"sims": 1, "pause_seconds": 3600}, {"percent": 50, "then": "pause"}}
		path, j := jobOf(t, s, admin, plus(withAuto(selecting(kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)), "waves", waves))
		isJob(t, j, "waiting", "3 planned, 1 done")
		if j.StatusDetails.WaitingFor != "wave" {
			t.Errorf("%+v", j.StatusDetails)
		}
		s.Clock.Advance(time.Hour)
		s.RunJobs()
		admin = s.As("admin@example.com")
		isJob(t, readJob(t, admin, path), "paused", "2 planned, 2 done")
		admin.Post(path+"/resume", "").Is(http.StatusOK)
		admin.Post(path+"/pause", "").Is(http.StatusOK)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "paused", "2 planned, 2 done")
		admin.Post(path+"/cancel", "").Is(http.StatusOK)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "cancelled", "2 planned, 2 done")
		admin.Post(path+"/resume", "").Is(http.StatusConflict)

		again := admin.Post(path+"/retry", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, again), "waiting", "1 planned, 1 done") // the waves are those of the job
	})
}

// An undo of a job gives every SIM its Workspace, status and device back.
func TestContract_JobUndo(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		const ids = "250, 251, 252, 253, 254, 260"
		before := stateOf(s, ids)
		path, j := jobOf(t, s, admin, plus(plus(withAuto(selecting(kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM, kit.SIMInFR)), "auto_detach_devices", true), "waves", []object{{"sims": 2}}))
		isJob(t, j, "completed", "6 done")
		if stateOf(s, ids) == before {
			t.Fatal("nothing has moved")
		}
		undone := admin.Post(path+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undone), "completed", "6 done")
		if diff := cmp.Diff(before, stateOf(s, ids)); diff != "" {
			t.Errorf("SIMs (-before +after):\n%s", diff)
		}
		again := admin.Post(path+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, again), "refused", "6 refused")
	})
}

// SIMs that have landed are switched on by a job of the same engine.
func TestContract_StatusJob(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		all := len(s.Rows(fmt.Sprintf("SELECT id FROM sims WHERE workspace_id = %d AND status <> 3", kit.FleetDE)))
		path := admin.Post("/api/v1/sim_status_job", object{
			"status": object{"id": 1}, "select": object{"filter": object{"workspace": object{"id": kit.FleetDE}}}, "dry_run": false, "on_conflict": "skip",
		}).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		j := readJob(t, admin, path)
		if j.SIMCount != all || j.Kind != "sim_status" {
			t.Errorf("%d SIMs of %d, kind %s", j.SIMCount, all, j.Kind)
		}
		for _, row := range s.Rows("SELECT s.status FROM job_sims n JOIN sims s ON s.id = n.sim_id WHERE n.verdict IN (1, 5)") {
			if fmt.Sprint(row[0]) != "1" {
				t.Errorf("a SIM has status %v", row[0])
			}
		}
	})
}

// A job activates the SIMs that another one has moved, and only these.
func TestContract_StatusJobOfAnother(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		moved, j := jobOf(t, s, admin, plus(withAuto(selecting(kit.AttachedSIM, kit.ActivatedSIM)), "on_conflict", "skip"))
		isJob(t, j, "completed_with_refusals", "1 done, 1 refused")
		id, err := strconv.Atoi(path.Base(moved))
		if err != nil {
			t.Fatal(err)
		}
		body := object{"status": object{"id": 1}, "select": object{"done_by": object{"id": id}}, "dry_run": false}
		landed := admin.Post("/api/v1/sim_status_job", body).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, landed), "completed", "1 done")
		wantSIMs(t, admin, landed, map[string]string{"251": "done"})
		again := admin.Post("/api/v1/sim_status_job", body).Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, again), "completed", "1 unchanged")
	})
}

// exceptions name SIM 252 (IssuedSIM) in each way.
func exceptions() map[string]object {
	one := kit.ICCID(kit.IssuedSIM)
	return map[string]object{
		"except":              {"except": []object{{"id": kit.IssuedSIM}, {"id": 4711}}},
		"except_iccids":       {"except_iccids": []string{one, "8988303000000999999"}},
		"except_iccid_ranges": {"except_iccid_ranges": []object{{"start": one, "end": one}, {"start": "8988303000000990000", "end": "8988303000000999999"}}},
	}
}

// SIMs in an exception are not in the plan of a job, however they are selected, nor is an excepted
// ICCID that no SIM has. At most 500 SIMs, 500 ICCIDs and 100 ranges can be named.
func TestContract_JobExcept(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		moved, j := jobOf(t, s, admin, withAuto(selecting(kit.ActivatedSIM, kit.IssuedSIM, kit.SIMInFR)))
		isJob(t, j, "completed", "3 done")
		selections := map[string]object{
			"done_by": {"done_by": object{"id": j.ID}},
			"sims":    {"sims": []object{{"id": kit.ActivatedSIM}, {"id": kit.IssuedSIM}, {"id": kit.SIMInFR}}},
			"iccids":  {"iccids": []string{kit.ICCID(kit.ActivatedSIM), kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SIMInFR)}},
			"ranges":  {"iccid_ranges": []object{{"start": kit.ICCID(kit.ActivatedSIM), "end": kit.ICCID(kit.IssuedSIM)}, {"start": kit.ICCID(kit.SIMInFR), "end": kit.ICCID(kit.SIMInFR)}}},
			"filter":  {"filter": object{"workspace": object{"id": kit.FleetUS}, "q": "id:251|252|260"}},
		}
		for way, except := range exceptions() {
			for name, sel := range selections {
				sel = maps.Clone(sel)
				maps.Copy(sel, except)
				body := object{"status": object{"id": 1}, "select": sel}
				path := admin.Post("/api/v1/sim_status_job", body).Is(http.StatusCreated).Header.Get("Location")
				s.RunJobs()
				if n := readJob(t, admin, path).SIMCount; n != 2 {
					t.Errorf("%s, %s: the job has %d SIMs, want 2", way, name, n)
				}
				body = plus(object{"select": sel}, "target_workspace", object{"id": kit.FleetFR})
				if _, j := jobOf(t, s, admin, body); j.SIMCount != 2 {
					t.Errorf("%s, %s: the job has %d SIMs, want 2", way, name, j.SIMCount)
				}
			}
		}
		unknown := object{"sims": []object{{"id": kit.ActivatedSIM}, {"id": 4711}}, "except": []object{{"id": 4711}}}
		if _, j := jobOf(t, s, admin, object{"select": unknown, "target_workspace": object{"id": kit.FleetFR}}); j.SIMCount != 1 {
			t.Errorf("an excepted SIM that does not exist is in the plan: %v", j.Counts)
		}
		absent := object{"iccids": []string{kit.ICCID(kit.ActivatedSIM), "8988303000000999999"}, "except_iccid_ranges": exceptions()["except_iccid_ranges"]["except_iccid_ranges"]}
		if _, j := jobOf(t, s, admin, object{"select": absent, "target_workspace": object{"id": kit.FleetFR}}); j.SIMCount != 1 {
			t.Errorf("an excepted ICCID without a SIM is in the plan: %v", j.Counts)
		}
		undo := admin.Post(moved+"/undo", "").Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, undo), "planned", "3 planned")
		var ids []object
		var iccids []string
		for n := range int64(fleet.MaxSIMs + 1) {
			ids, iccids = append(ids, object{"id": n + 1}), append(iccids, kit.ICCID(1000+n))
		}
		one := object{"start": iccids[1], "end": iccids[0]}
		for field, bad := range map[string][]any{
			"except":              {ids, []object{{}}, 7},
			"except_iccids":       {iccids, []string{"12"}, 7},
			"except_iccid_ranges": {slices.Repeat([]object{{"start": iccids[0], "end": iccids[1]}}, 101), []object{one}, []object{{"start": iccids[0]}}, 7},
		} {
			for _, value := range bad {
				sel := object{"done_by": object{"id": j.ID}, field: value}
				got := admin.Post("/api/v1/sim_status_job", object{"status": object{"id": 1}, "select": sel})
				if got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), "select."+field) {
					t.Errorf("%s %.60v: %d %s", field, value, got.Status, got.Body)
				}
			}
		}
		for way, except := range exceptions() { // selects nothing
			got := admin.Post("/api/v1/sim_status_job", object{"status": object{"id": 1}, "select": except})
			if got.Status != http.StatusBadRequest {
				t.Errorf("%s alone: %d", way, got.Status)
			}
		}
	})
}

// Members of a source see its SIMs only, members of the target what it gets, and others nothing.
func TestContract_JobRights(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, j := jobOf(t, s, admin, plus(selecting(kit.AttachedSIM, kit.ActivatedSIM, kit.SIMInFR, 4711), "on_conflict", "skip")) // 260 is in 200
		isJob(t, j, "planned", "2 planned, 1 refused, 1 not_found")
		source, stranger := s.As("observer@example.com"), s.As("stranger@example.com")
		isJob(t, readJob(t, source, path), "planned", "1 planned, 1 refused")
		wantSIMs(t, source, path, map[string]string{"250": "refused 1502", "251": "planned"})
		source.Post(path+"/cancel", "").Is(http.StatusForbidden)
		for _, read := range []string{path, path + "/sim"} {
			stranger.Get(read).Is(http.StatusNotFound)
		}
		stranger.Post(path+"/cancel", "").Is(http.StatusNotFound)
		if list := decodeBody[[]api.Job](t, stranger.Get(migrationJobs), http.StatusOK); len(list) != 0 {
			t.Errorf("a stranger sees %+v", list)
		}
		s.SetRole(kit.StrangerID, kit.FleetUS, fleet.Observer) // of the target
		isJob(t, readJob(t, stranger, path), "planned", "2 planned")
		wantSIMs(t, stranger, path, map[string]string{"251": "planned", "260": "planned"})
	})
}

// A server that has lost its lease records nothing.
func TestContract_JobLeaseIsFenced(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		admin.Post(migrationJobs, withAuto(selecting(kit.ActivatedSIM, kit.IssuedSIM))).Is(http.StatusCreated)
		slow, found, err := s.Control.ClaimJob(t.Context(), "slow")
		if err != nil || !found {
			t.Fatal(found, err)
		}
		if _, found, _ := s.Control.ClaimJob(t.Context(), "other"); found {
			t.Fatal("a lease was given twice")
		}
		s.Clock.Advance(control.JobLeaseTime)
		other, found, err := s.Control.ClaimJob(t.Context(), "other")
		if err != nil || !found || other.Attempt == slow.Attempt {
			t.Fatal(found, err, other)
		}
		for range 2 { // plan, and a chunk
			before := s.Dump()
			if _, err := s.Control.StepJob(t.Context(), slow); !errors.Is(err, control.ErrLeaseLost) {
				t.Errorf("a step without a lease: %v", err)
			}
			if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" {
				t.Errorf("a step without a lease changed:\n%s", diff)
			}
			if _, err := s.Control.StepJob(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A file of ICCIDs is read whole or not at all, and the verdicts name its lines.
func TestContract_JobUpload(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		iccid := func(id int) string {
			return fmt.Sprint(s.Rows(fmt.Sprintf("SELECT iccid FROM sims WHERE id = %d", id))[0][0])
		}
		upload := admin.With("Content-Type", "text/csv")
		const query = migrationJobs + "?target_workspace=300&on_conflict=skip"
		path := upload.Post(query, "iccid\n"+iccid(kit.IssuedSIM)+"\n8988303000000009999\n"+iccid(kit.ActivatedSIM)+"\n").Is(http.StatusCreated).Header.Get("Location")
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "planned", "2 planned, 1 not_found")
		rows := make(map[int]string)
		for _, sim := range decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim"), http.StatusOK) {
			rows[sim.Row] = fmt.Sprint(sim.ID, " ", sim.Verdict)
		}
		if diff := cmp.Diff(map[int]string{2: "252 planned", 3: "0 not_found", 4: "251 planned"}, rows); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		before := s.Dump()
		bad := upload.Post(query, "iccid\n"+iccid(kit.IssuedSIM)+"\n89883030000067385938\n").Is(http.StatusBadRequest)
		if !strings.Contains(string(bad.Body), "line 3") {
			t.Errorf("%s does not name the line", bad.Body)
		}
		for _, file := range []string{"PK\x03\x04damaged", "iccid\n8988303000000010000\n8988303000000020000\n"} { // the file as a whole is at fault
			if bad := upload.Post(query, file).Is(http.StatusBadRequest); strings.Contains(string(bad.Body), "line 0") {
				t.Errorf("%s names a line that does not exist", bad.Body)
			}
		}
		unknown := upload.Post(query+"&dryrun=false", iccid(kit.IssuedSIM)+"\n").Is(http.StatusBadRequest)
		if !strings.Contains(string(unknown.Body), "dry_run") {
			t.Errorf("%s does not name the parameters", unknown.Body)
		}
		if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" {
			t.Error(diff)
		}
	})
}

// A file of more than 1 MiB is read from a temporary file, also if it is compressed. A JSON body of
// that size is refused with the cure.
func TestContract_JobLargeUpload(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		iccid := func(id int) string {
			return fmt.Sprint(s.Rows(fmt.Sprintf("SELECT iccid FROM sims WHERE id = %d", id))[0][0])
		}
		padding := "," + strings.Repeat("x", 1000) + "\n"
		text := "iccid,note\n"
		for range 500 {
			text += iccid(252) + padding + "8988303000000009999" + padding + iccid(251) + padding
		}
		const query = migrationJobs + "?target_workspace=300&on_conflict=skip"
		upload := admin.With("Content-Type", "text/csv")
		for name, send := range map[string]func() *kit.Answer{
			"plain":      func() *kit.Answer { return upload.Post(query, text) },
			"compressed": func() *kit.Answer { return upload.With("Content-Encoding", "gzip").Post(query, gzipped(t, text)) },
			"without a heading": func() *kit.Answer {
				return upload.Post(query, "# SIMs\n"+strings.Repeat(iccid(252)+"\n8988303000000009999 "+iccid(251)+"\n", 20_000))
			},
		} {
			path := send().Is(http.StatusCreated).Header.Get("Location")
			s.RunJobs()
			isJob(t, readJob(t, admin, path), "planned", "2 planned, 1 not_found")
			rows := make(map[string]int)
			for _, sim := range decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim"), http.StatusOK) {
				rows[fmt.Sprint(sim.ID, sim.Identifier)] = sim.Row
			}
			want := map[string]int{"252": 2, "0 8988303000000009999": 3, "251": 4}
			if name == "without a heading" {
				want["251"] = 3
			}
			for key, row := range want {
				if rows[strings.Replace(key, "0 ", "0", 1)] != row {
					t.Errorf("%s: %s is in line %d, want %d: %v", name, key, rows[key], row, rows)
				}
			}
		}
		keyed := upload.With("Idempotency-Key", "upload")
		first := keyed.Post(query, text).Is(http.StatusCreated)
		if again := keyed.Post(query, text).Is(http.StatusCreated); again.Header.Get("Location") != first.Header.Get("Location") {
			t.Error("the same upload made two jobs")
		}
		wantCode(t, keyed.Post(query, text+iccid(250)+"\n"), http.StatusUnprocessableEntity, 1406)
		before := s.Dump()
		bad := upload.Post(query, text+"89883030000067385938\n").Is(http.StatusBadRequest)
		if !strings.Contains(string(bad.Body), "line 1502") {
			t.Errorf("%s does not name the line", bad.Body)
		}
		large := admin.Post(migrationJobs, `{"target_workspace": {"id": 300}, "select": {"iccids": ["`+strings.Repeat("8", 1<<20)+`"]}}`).Is(http.StatusRequestEntityTooLarge)
		if !strings.Contains(string(large.Body), "text/csv") {
			t.Errorf("%s does not name the cure", large.Body)
		}
		if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" {
			t.Error(diff)
		}
		if left, err := filepath.Glob(filepath.Join(folder, "simferry-upload-*")); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v, %v", left, err)
		}
	})
}

// The numbers of a large file are written in several transactions before the job: all of them
// belong to the job, or none is left.
func TestContract_JobOfALargeFile(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		var file strings.Builder
		for i := range 10_002 { // more than one transaction writes
			fmt.Fprintf(&file, "%019d\n", 8988303000000001000+i)
		}
		const query = migrationJobs + "?target_workspace=300&on_conflict=skip"
		upload := admin.With("Content-Type", "text/csv").With("Idempotency-Key", "large")
		parts := func(when string, want int) {
			t.Helper()
			if rows := s.Rows("SELECT DISTINCT job_id FROM job_parts"); len(rows) != want {
				t.Errorf("%s, parts of %d jobs are there: %v", when, len(rows), rows)
			}
		}
		s.Exec("INSERT INTO job_parts (job_id, part, selection) VALUES (-1, 0, '{}')") // abandoned long ago
		before := s.Dump()
		upload.Post(query+"&not_after=2020-01-01T00:00:00Z", file.String()).Is(http.StatusBadRequest)
		upload.Post(migrationJobs+"?target_workspace=4711", file.String()).Is(http.StatusNotFound)
		s.As("observer@example.com").With("Content-Type", "text/csv").Post(query, file.String()).Is(http.StatusNotFound)
		if diff := before.Diff(s.Dump(), append([]string{"job_parts"}, kit.Counters...)...); diff != "" {
			t.Errorf("refused files changed:\n%s", diff)
		}
		parts("after refusals", 0)
		path := upload.Post(query, file.String()).Is(http.StatusCreated).Header.Get("Location")
		parts("with a job", 1)
		if again := upload.Post(query, file.String()).Is(http.StatusCreated).Header.Get("Location"); again != path {
			t.Errorf("the repeated request made a second job %s, not %s", again, path)
		}
		parts("after a repetition", 1)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "planned", fmt.Sprintf("%d planned, %d not_found", kit.SpareSIMs, 10_002-kit.SpareSIMs))
		parts("with the plan", 0)
		rows := decodeBody[[]api.JobSIM](t, admin.Get(path+"/sim?q=verdict:not_found&per_page=1"), http.StatusOK)
		if len(rows) != 1 || rows[0].Row == 0 {
			t.Errorf("a verdict has no line: %+v", rows)
		}
	})
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Between two waves the gate requests its URL: healthy continues, unhealthy ends the job, and no
// clear answer pauses it, also if a user pauses and resumes it meanwhile. The query stays secret.
func TestContract_JobGate(t *testing.T) {
	var mu sync.Mutex
	answers := map[string]string{} // by path; none is a 503
	asked := map[string]int{}
	health := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path]++
		if answer := answers[r.URL.Path]; answer != "" && r.URL.Query().Get("key") == "secret" {
			_, _ = w.Write([]byte(answer))
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(health.Close)
	says := func(path, answer string) {
		mu.Lock()
		defer mu.Unlock()
		answers[path] = answer
	}
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		gated := func(path string, ids ...int64) object {
			gate := object{"max_refused_percent": 0, "url": health.URL + path + "?key=secret"}
			return plus(plus(withAuto(selecting(ids...)), "waves", []object{{"sims": 1}}), "gate", gate)
		}
		says("/well", `{"state": "healthy"}`)
		says("/ill", `{"state": "unhealthy"}`)
		_, j := jobOf(t, s, admin, gated("/well", 251, 252))
		isJob(t, j, "completed", "2 done")
		if j.Gate == nil || j.Gate.URL != health.URL+"/well" {
			t.Errorf("the job shows the gate as %+v", j.Gate)
		}
		path, j := jobOf(t, s, admin, gated("/ill", 253, 254))
		isJob(t, j, "failed", "1 planned, 1 done")
		if text := string(admin.Get(path).Body); strings.Contains(text, "secret") || !strings.Contains(text, "unhealthy") {
			t.Error(text)
		}
		path, j = jobOf(t, s, admin, plus(gated("/unsure", 251, 252), "target_workspace", object{"id": 100}))
		isJob(t, j, "paused", "1 planned, 1 done")
		admin.Post(path+"/resume", "").Is(http.StatusOK) // the user decides
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "completed", "2 done")

		says("/late", "") // the job waits for the gate when it is paused
		path = admin.Post(migrationJobs, gated("/late", 251, 252)).Is(http.StatusCreated).Header.Get("Location")
		lease, found, err := s.Control.ClaimJob(t.Context(), "slow")
		for step := 0; step < 10 && err == nil && found && readJob(t, admin, path).StatusDetails.WaitingFor != "gate"; step++ {
			_, err = s.Control.StepJob(t.Context(), lease)
		}
		if err != nil || !found {
			t.Fatal(found, err)
		}
		before := asked["/late"]
		admin.Post(path+"/pause", "").Is(http.StatusOK)
		admin.Post(path+"/resume", "").Is(http.StatusOK)
		if j := readJob(t, admin, path); j.StatusDetails.WaitingFor != "gate" {
			t.Errorf("resumed, it waits for %q", j.StatusDetails.WaitingFor)
		}
		if err := s.Control.ReleaseJob(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "paused", "1 planned, 1 done")
		if mu.Lock(); asked["/late"] != before+1 {
			t.Errorf("the gate was asked %d times", asked["/late"]-before)
		}
		mu.Unlock()
		for address, want := range map[string]string{"ftp://example.com": "https://", "https://a:b@example.com": "password"} {
			got := admin.Post(migrationJobs, plus(plus(selecting(251), "waves", []object{{"sims": 1}}), "gate", object{"max_refused_percent": 0, "url": address})).Is(http.StatusBadRequest)
			if !strings.Contains(string(got.Body), "gate.url") || !strings.Contains(string(got.Body), want) {
				t.Errorf("%s: %s", address, got.Body)
			}
		}
	})
}
