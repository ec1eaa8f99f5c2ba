package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// attachedWorld adds SIMs in every status, in and out of devices, to three Workspaces of kit.Ferry.
func attachedWorld() string {
	var devices, sims strings.Builder
	for i := range 45 {
		id, ws := 5000+i, []int64{kit.FleetDE, kit.FleetFR, kit.FleetUS}[i%3]
		device := ""
		if i%2 == 0 {
			fmt.Fprintf(&devices, "  - {id: %d, workspace: %d, name: meter-%d, status: enabled}\n", 9100+i, ws, i)
			device = fmt.Sprintf(", device: %d", 9100+i)
		}
		fmt.Fprintf(&sims, "  - {id: %d, iccid: \"898830300000000%04d\", workspace: %d, issuer: 1, status: %s%s}\n",
			id, id, ws, []string{"activated", "suspended", "issued", "activated", "factory_test"}[i%5], device)
	}
	return "devices:\n" + devices.String() + "sims:\n" + sims.String()
}

// A random migration, by a request or by a job, and its undo, of the entry, of some of its SIMs
// after the others, or of the job, give every SIM, device and count back.
func TestUndoGivesEverythingBack(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.Seed(attachedWorld())
		u := undoable{t, s, admin}
		ways := []func(sims []int64, random *rand.Rand) (what string){u.entry, u.some, u.job, u.jobEntries}
		for round := range 3 * len(ways) {
			random := rand.New(rand.NewPCG(16, uint64(round)))
			var sims []int64
			for _, i := range random.Perm(45)[:1+random.IntN(20)] {
				sims = append(sims, int64(5000+i))
			}
			before, counts := u.state(), tallies(s)
			what := ways[round%len(ways)](sims, random)
			if t.Failed() {
				t.Fatalf("round %d: %s of SIMs %v", round, what, sims)
			}
			if after := u.state(); after != before {
				t.Fatalf("round %d: %s of SIMs %v, before:\n%s\nafter:\n%s", round, what, sims, before, after)
			}
			if after := tallies(s); after != counts {
				t.Fatalf("round %d: %s of SIMs %v, counts before:\n%s\nafter:\n%s", round, what, sims, counts, after)
			}
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// undoable moves SIMs and takes them back.
type undoable struct {
	t     *testing.T
	s     *kit.Server
	admin *kit.Client
}

// state reads what a migration changes of SIMs and devices.
func (u undoable) state() string {
	return fmt.Sprint(u.s.Rows("SELECT id, workspace_id, status, device_id FROM sims ORDER BY id"),
		u.s.Rows("SELECT id, workspace_id, name, status FROM devices ORDER BY id"))
}

// target returns a Workspace in which not all SIMs are.
func (u undoable) target(sims []int64, random *rand.Rand) (target int64, moving []int64) {
	for {
		target = []int64{kit.FleetDE, kit.FleetFR, kit.FleetUS}[random.IntN(3)]
		moving = nil
		for _, id := range sims {
			if home := []int64{kit.FleetDE, kit.FleetFR, kit.FleetUS}[(id-5000)%3]; home != target {
				moving = append(moving, id)
			}
		}
		if len(moving) > 0 {
			return target, moving
		}
	}
}

func (u undoable) migrate(sims []int64, random *rand.Rand) (moved *kit.Answer, moving []int64) {
	u.t.Helper()
	target, moving := u.target(sims, random)
	return u.admin.Post(migration, realRun(withDetach(migrationTo(target, moving...)))).Is(http.StatusOK), moving
}

// entry undoes a migration with one request.
func (u undoable) entry(sims []int64, random *rand.Rand) string {
	moved, _ := u.migrate(sims, random)
	u.admin.Post(undo(moved), forReal()).Is(http.StatusOK)
	return "entry"
}

// some undoes some SIMs of a migration, and then the others.
func (u undoable) some(sims []int64, random *rand.Rand) string {
	moved, moving := u.migrate(sims, random)
	first := moving[:1+random.IntN(len(moving))]
	for _, part := range [][]int64{first, moving[len(first):]} {
		list := []object{}
		for _, id := range part {
			list = append(list, object{"id": id})
		}
		if len(list) > 0 {
			u.admin.Post(undo(moved), forReal(object{"sims": list})).Is(http.StatusOK)
		}
	}
	return "some SIMs"
}

// moveByJob moves SIMs by a job, in one or several chunks.
func (u undoable) moveByJob(sims []int64, random *rand.Rand) (path string) {
	u.t.Helper()
	target, moving := u.target(sims, random)
	body := selecting(moving...)
	body["target_workspace"], body["auto_detach_devices"], body["dry_run"] = object{"id": target}, true, false
	if random.IntN(2) == 0 {
		body["landing"] = object{"status": "activate"}
	}
	if random.IntN(2) == 0 {
		body["waves"] = []object{{"sims": 1 + random.IntN(len(moving))}, {"percent": 100}}
	}
	path, j := jobOf(u.t, u.s, u.admin, body)
	isJob(u.t, j, "completed", fmt.Sprintf("%d done", len(moving)))
	return path
}

// job undoes a job as a whole.
func (u undoable) job(sims []int64, random *rand.Rand) string {
	path := u.moveByJob(sims, random)
	made := u.admin.Post(path+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
	u.s.RunJobs()
	if j := readJob(u.t, u.admin, made); j.State != "completed" {
		u.t.Errorf("the undo is %s: %s, %s", j.State, counted(j), j.StatusDetails.Why)
	}
	return "job"
}

// jobEntries undoes every ledger entry of a job, the newest first.
func (u undoable) jobEntries(sims []int64, random *rand.Rand) string {
	path := u.moveByJob(sims, random)
	entries := make(map[int64]bool)
	var ids []int64
	for _, sim := range decodeBody[[]api.JobSIM](u.t, u.admin.Get(path+"/sim?per_page=1000"), http.StatusOK) {
		if id := int64(*sim.Migration.ID); !entries[id] {
			entries[id] = true
			ids = append(ids, id)
		}
	}
	for i := range ids {
		u.admin.Post(fmt.Sprintf("/api/v1/migration/%d/undo", ids[len(ids)-1-i]), forReal()).Is(http.StatusOK)
	}
	return "entries of a job"
}
