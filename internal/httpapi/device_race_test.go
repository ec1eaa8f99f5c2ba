package httpapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// allAtOnce sends requests concurrently and counts the statuses of the responses.
func allAtOnce(n int, send func(i int) *kit.Answer) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := make(map[int]int)
	for i := range n {
		wg.Go(func() {
			got := send(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[got.Status]++
		})
	}
	wg.Wait()
	return statuses
}

// Concurrent requests attach one SIM to many devices, or many SIMs to one device: one wins, the
// others get the reason.
func TestRaceForASIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		const n = 12
		devices := make([]int64, n)
		for i := range devices {
			devices[i] = makeDevice(user, nil).ID
		}
		got := allAtOnce(n, func(i int) *kit.Answer {
			return user.Patch(deviceURL(devices[i]), object{"sim": object{"id": kit.IssuedSIM, "activate": true}})
		})
		if got[http.StatusNoContent] != 1 || got[http.StatusConflict] != n-1 {
			t.Errorf("one SIM for %d devices: %v", n, got)
		}
		free := devices[0]
		if free == deviceOfSIM(user, kit.IssuedSIM) {
			free = devices[1]
		}
		got = allAtOnce(n, func(i int) *kit.Answer {
			return user.Patch(deviceURL(free), object{"sim": object{"id": 1000 + i}})
		})
		if got[http.StatusNoContent] != 1 || got[http.StatusConflict] != n-1 {
			t.Errorf("%d SIMs for one device: %v", n, got)
		}
		got = allAtOnce(n, func(i int) *kit.Answer {
			return user.Post(endpoint, deviceBody(object{"sim": object{"id": 1100}, "name": fmt.Sprint(i)}))
		})
		if got[http.StatusCreated] != 1 || got[http.StatusConflict] != n-1 {
			t.Errorf("one SIM for %d new devices: %v", n, got)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// Devices are filled, emptied, disabled and deleted while their SIMs are moved: no request gets
// a 5xx, and the final state is consistent.
func TestDevicesWhileSIMsMove(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		const n, rounds = 6, 10
		ids := make([]int64, n+rounds) // the latter are for one round each, and deleted in it
		for i := range ids {
			ids[i] = makeDevice(admin, nil).ID
		}
		elsewhere := admin.In(kit.FleetFR)
		statuses := make(map[int]int)
		for round := range rounds {
			doomed := ids[n+round]
			batch := func(sims func(i int) any) (list []any) {
				for i, id := range ids[:n] {
					list = append(list, object{"id": id, "sim": object{"id": sims((i + round) % n)}})
				}
				return list
			}
			moved := make([]any, n)
			for i := range moved {
				moved[i] = object{"id": 1000 + n - 1 - i}
			}
			answers := allAtOnce(10, func(i int) *kit.Answer {
				switch i % 5 {
				case 0:
					return admin.Patch(multi, batch(func(i int) any { return 1000 + i }))
				case 1:
					return admin.Patch(multi, batch(func(int) any { return nil }))
				case 2:
					return admin.Post(migration, object{"target_workspace": object{"id": kit.FleetFR}, "sims": moved, "auto_detach_devices": true, "dry_run": false})
				case 3:
					return elsewhere.Post(migration, object{"target_workspace": object{"id": kit.FleetDE}, "sims": moved, "dry_run": false})
				default:
					if i == 4 {
						return admin.Patch(deviceURL(doomed), object{"status": object{"id": 1}, "sim": object{"id": 1300 + round}})
					}
					return admin.Do("DELETE", deviceURL(doomed), nil)
				}
			})
			for status, count := range answers {
				statuses[status] += count
			}
		}
		for status := range statuses {
			switch status {
			case http.StatusOK, http.StatusNoContent, http.StatusConflict, http.StatusNotFound, http.StatusUnprocessableEntity:
			default:
				t.Errorf("answers: %v", statuses)
			}
		}
		if statuses[http.StatusOK] < 2 || statuses[http.StatusNoContent] < rounds {
			t.Errorf("too little happened: %v", statuses)
		}
		if deleted := s.Rows("SELECT count(*) FROM sims s JOIN devices d ON d.id = s.device_id WHERE d.status = 2")[0][0]; deleted != int64(0) {
			t.Errorf("%v SIMs sit in deleted devices", deleted)
		}
		t.Log(statuses)
		s.CheckInvariants()
		s.MustFsck()
	})
}

// If the connection is lost just before or after the commit, each request takes effect once and
// its caller gets a success.
func TestLostCommitOfDevices(t *testing.T) {
	for name, cut := range map[string]pgproxy.Cut{"before": pgproxy.BeforeCommit, "after": pgproxy.AfterCommit} {
		t.Run(name, func(t *testing.T) {
			proxy := pgproxy.Start(t, kit.Postgres.FerryURL(t))
			s := kit.StartOn(t, proxy.URL(), kit.NewClock())
			user := s.As("user@example.com")
			lost := func() *kit.Client { proxy.CutNext(cut); return user }
			var made []api.Device
			lost().Post(multi, []any{deviceBody(object{"name": "a"}), deviceBody(object{"name": "b", "sim": object{"id": kit.IssuedSIM}})}).Is(http.StatusCreated).JSON(&made)
			if len(made) != 2 || made[0].Name != "a" || made[1].SIM == nil || made[1].SIM.ID != kit.IssuedSIM {
				t.Errorf("made %+v", made)
			}
			first := makeDevice(lost(), nil)
			lost().Patch(deviceURL(first.ID), fmt.Sprintf(`{"status": {"id": 1}, "sim": {"id": %d}}`, kit.ActivatedSIM)).Is(http.StatusNoContent)
			lost().Patch(multi, []any{object{"id": first.ID, "sim": object{"id": nil}}, object{"id": made[1].ID, "sim": object{"id": nil}}}).Is(http.StatusNoContent)
			lost().Do("DELETE", deviceURL(first.ID), nil).Is(http.StatusNoContent)
			lost().Do("DELETE", multi, []any{object{"id": made[0].ID}, object{"id": made[1].ID}}).Is(http.StatusNoContent)
			if n := proxy.Cuts(); n != 6 {
				t.Errorf("%d commits were cut", n)
			}
			if got := s.Rows("SELECT count(*) FROM devices")[0][0]; got != int64(5) {
				t.Errorf("%v devices, want 5", got)
			}
			if diff := cmp.Diff([]string{"43 Status of endpoint changed from 'Enabled' to 'Disabled'", fmt.Sprintf("51 SIM 251 assigned to endpoint %d", first.ID), fmt.Sprintf("50 SIM 251 released from endpoint %d", first.ID)}, deviceEvents(user, first.ID)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			s.CheckInvariants()
			s.MustFsck()
		})
	}
}
