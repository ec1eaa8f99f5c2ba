package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// raced is a world in which SIMs of FleetDE move to another Workspace.
type raced struct {
	*kit.Server
	giver, receiver *kit.Client // Administrators of FleetDE, and of FleetFR only
}

// racedMove is a way to move SIMs, or to change them, in which one write is left to do.
type racedMove struct {
	source, target int64 // target is 0 for a change without one
	sims           []int64

	// prepare does everything but the last write. finish does that, and returns the codes of its
	// refusals: nil if the SIMs have changed.
	prepare func(t *testing.T, w raced, sims []int64) (finish func() []int)
	also    []racedChange // in addition to those of the target, or instead of them
}

// racedChange is a change that is not committed when the last write begins.
type racedChange struct {
	name, text, undo string
	code             int // of the refusal, 0 if the write must be done
}

// changes returns the changes to try. Those that let the SIMs change come last.
func (m racedMove) changes() []racedChange {
	if m.target == 0 {
		return m.also
	}
	all := []racedChange{
		suspending("target", m.target, 1509),
		becomingBrazilian("target", m.target),
		becomingBrazilian("source", m.source),
	}
	all = slices.DeleteFunc(all, func(c racedChange) bool {
		return slices.ContainsFunc(m.also, func(other racedChange) bool { return other.name == c.name })
	})
	return append(all, m.also...)
}

func suspending(side string, ws int64, code int) racedChange {
	set := func(to int) string { return fmt.Sprintf("UPDATE workspaces SET status = %d WHERE id = %d", to, ws) }
	return racedChange{side + " suspended", set(1), set(0), code}
}

func becomingBrazilian(side string, ws int64) racedChange {
	set := func(to string) string {
		return fmt.Sprintf("UPDATE workspaces SET country = '%s' WHERE id = %d", to, ws)
	}
	return racedChange{side + " becomes Brazilian", set("BR"), set("DE"), 1505}
}

// losingMembership suspends the membership of the giver in a Workspace.
func losingMembership(ws int64) racedChange {
	set := func(to int) string {
		return fmt.Sprintf("UPDATE memberships SET status = %d WHERE user_id = %d AND workspace_id = %d", to, kit.AdminID, ws)
	}
	return racedChange{"membership suspended", set(2), set(1), 1504}
}

// spare returns n SIMs of the range of FleetDE.
func spare(first, n int64) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = kit.FirstSpareSIM + first + int64(i)
	}
	return ids
}

// racedMoves are the operations that write what the state of a Workspace allows. The direct
// migration and the PATCH of a SIM are in TestATargetChangesBeforeOrAfterAMigration.
var racedMoves = map[string]racedMove{
	"chunk of a job": {
		source: kit.FleetDE, target: kit.FleetUS, sims: spare(0, 2),
		prepare: func(t *testing.T, w raced, sims []int64) func() []int {
			path := w.giver.Post(migrationJobs, plus(withAuto(selecting(sims...)), "on_conflict", "skip")).Is(http.StatusCreated).Header.Get("Location")
			return lastStep(t, w, w.giver, path)
		},
		also: []racedChange{losingMembership(kit.FleetDE)},
	},
	"undo": {
		source: kit.FleetUS, target: kit.FleetDE, sims: spare(10, 2),
		prepare: func(_ *testing.T, w raced, sims []int64) func() []int {
			path := undo(w.giver.Post(migration, realRun(migrationTo(kit.FleetUS, sims...))).Is(http.StatusOK))
			return func() []int { return refusalCodes(w.giver.Post(path, object{"dry_run": false})) }
		},
	},
	"chunk of an undo job": {
		source: kit.FleetUS, target: kit.FleetDE, sims: spare(20, 2),
		prepare: func(t *testing.T, w raced, sims []int64) func() []int {
			moved, _ := jobOf(t, w.Server, w.giver, withAuto(selecting(sims...)))
			path := w.giver.Post(moved+"/undo", object{"dry_run": false, "on_conflict": "skip"}).Is(http.StatusCreated).Header.Get("Location")
			return lastStep(t, w, w.giver, path)
		},
	},
	"acceptance of an offer": {
		source: kit.FleetDE, target: kit.FleetFR, sims: spare(30, 2),
		prepare: func(t *testing.T, w raced, sims []int64) func() []int {
			path := madeOffer(t, w.giver, w.receiver, sims...)
			return func() []int {
				codes := refusalCodes(w.receiver.Post(path+"/accept", object{"dry_run": false}))
				w.receiver.Post(path+"/refuse", "").Is(http.StatusOK)
				return codes
			}
		},
		also: []racedChange{suspending("source", kit.FleetDE, 1504), losingMembership(kit.FleetDE)},
	},
	"chunk of a job that accepts an offer": {
		source: kit.FleetDE, target: kit.FleetFR, sims: spare(40, 501),
		prepare: func(t *testing.T, w raced, sims []int64) func() []int {
			path := madeOffer(t, w.giver, w.receiver, sims...)
			job := w.receiver.Post(path+"/accept", object{"dry_run": false}).Is(http.StatusAccepted).Header.Get("Location")
			return lastStep(t, w, w.receiver, job)
		},
		also: []racedChange{suspending("source", kit.FleetDE, 1504)},
	},
	"offer": {
		source: kit.FleetDE, target: kit.FleetFR, sims: spare(550, 2),
		prepare: func(t *testing.T, w raced, sims []int64) func() []int {
			code := newCode(t, w.receiver, object{})
			return func() []int { return refusalCodes(w.giver.Post(offers, offering(code, sims...))) }
		},
		also: []racedChange{suspending("source", kit.FleetDE, 1406), suspending("target", kit.FleetFR, 1201)}, // like an unknown code
	},
	// A suspended Workspace takes no SIMs, but the statuses of its SIMs change. What a job of
	// statuses depends on is the role.
	"chunk of a status job": {
		source: kit.FleetDE, sims: spare(560, 2),
		prepare: func(t *testing.T, w raced, sims []int64) func() []int {
			body := object{"status": object{"id": 1}, "select": selecting(sims...)["select"], "dry_run": false, "on_conflict": "skip"}
			path := w.giver.Post("/api/v1/sim_status_job", body).Is(http.StatusCreated).Header.Get("Location")
			return lastStep(t, w, w.giver, path)
		},
		also: []racedChange{losingMembership(kit.FleetDE), suspending("source", kit.FleetDE, 0)},
	},
}

// lastStep does the steps of a job until only the SIMs are left to write. It returns what writes
// them.
func lastStep(t *testing.T, w raced, c *kit.Client, path string) (finish func() []int) {
	t.Helper()
	lease := stepUntil(t, w.Server, func() bool { return readJob(t, c, path).State == "running" })
	return func() []int {
		for more := true; more; {
			var err error
			if more, err = w.Control.StepJob(t.Context(), lease); err != nil {
				t.Error(err)
				return nil
			}
		}
		if err := w.Control.ReleaseJob(t.Context(), lease); err != nil {
			t.Error(err)
		}
		return nil // its verdicts say it
	}
}

// refusalCodes returns the codes of a response, nil for a success.
func refusalCodes(a *kit.Answer) (codes []int) {
	if a.Status < http.StatusBadRequest {
		return nil
	}
	var got struct {
		ErrorCode int `json:"error_code"`
		Errors    []struct {
			ErrorCode int `json:"error_code"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(a.Body, &got); err != nil {
		a.T.Errorf("%s: %v: %s", a.Request, err, a.Body)
	}
	for _, e := range got.Errors {
		codes = append(codes, e.ErrorCode)
	}
	if len(codes) == 0 {
		codes = []int{got.ErrorCode}
	}
	return codes
}

// verdictCodes returns the codes with which the SIMs of the last job were refused.
func verdictCodes(s *kit.Server) (codes []int) {
	s.T.Helper()
	for _, row := range s.Rows("SELECT codes FROM job_sims WHERE job_id = (SELECT MAX(id) FROM jobs) AND codes IS NOT NULL") {
		var some []int
		if err := json.Unmarshal(fmt.Appendf(nil, "[%v]", row[0]), &some); err != nil {
			s.T.Errorf("%v: %v", err, row)
		}
		codes = append(codes, some...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// A Workspace is suspended, changes its country, or loses its Administrator after an operation has
// begun and before its last write: the SIMs stay as they are. The write must see the change, and
// so it waits until that is committed.
func TestAWorkspaceChangesBeforeTheLastWrite(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		var w raced
		w.Server, w.giver, w.receiver = twoSides(t, e)
		for name, move := range racedMoves {
			for _, change := range move.changes() {
				t.Run(name+", "+change.name, func(t *testing.T) { raceWorkspace(t, e, w, move, change) })
			}
		}
		w.MustFsck()
	})
}

func raceWorkspace(t *testing.T, e kit.Engine, w raced, move racedMove, change racedChange) {
	t.Helper()
	ids := fmt.Sprint(move.sims[0])
	for _, id := range move.sims[1:] {
		ids += fmt.Sprintf(", %d", id)
	}
	w.giver, w.receiver = currentWorkspace(t, w.giver), currentWorkspace(t, w.receiver)
	finish := move.prepare(t, w, move.sims)
	before := stateOf(w.Server, ids)
	changing := beginTransaction(w.Server, change.text)
	done := make(chan []int, 1)
	go func() { done <- finish() }()
	awaitBlocked(w.Server, e, 1)
	mustNot(t, changing.Commit())
	codes := <-done
	after := stateOf(w.Server, ids)
	w.Exec(change.undo)
	if codes == nil {
		codes = verdictCodes(w.Server)
	}
	var want []int
	if change.code != 0 {
		want = []int{change.code}
	}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("refused with (-want +got):\n%s", diff)
	}
	if (after == before) != (change.code != 0) {
		t.Errorf("%s became %s", before, after)
	}
	if move.source == kit.FleetUS { // take the SIMs back
		w.giver.Post(migration, realRun(migrationTo(kit.FleetDE, move.sims...))).Is(http.StatusOK)
	}
	for _, j := range decodeBody[[]api.Job](t, w.giver.Get(migrationJobs+"?q=state:running"), http.StatusOK) {
		t.Errorf("job %d is still running", j.ID)
	}
}
