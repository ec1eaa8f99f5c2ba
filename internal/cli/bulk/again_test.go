package bulk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// inMemory is a journal for a process that is not killed.
type inMemory struct{ steps []bulk.Step }

func (j *inMemory) Append(e bulk.Entry) error {
	j.steps = append(j.steps, e.Step)
	return nil
}

// newInterruptedRun returns a run of four chunks of 25 SIMs in which nothing has been sent.
func newInterruptedRun(t *testing.T, s *server, skip bool) *bulk.Runner {
	t.Helper()
	var sims []bulk.SIM
	for i := 1; i <= 100; i++ {
		s.fleet.Add(fakeserver.SIM{ID: int64(i), ICCID: iccid(i), Status: 2, Workspace: north})
		sims = append(sims, bulk.SIM{ID: int64(i)})
	}
	p := bulk.Planner{Server: s, Throttle: newThrottle(), Terms: terms, Chunk: 25}
	plan, err := p.Plan(t.Context(), sims)
	if err != nil || len(plan.Chunks) != 4 {
		t.Fatalf("%+v %v", plan, err)
	}
	return &bulk.Runner{Server: s, Throttle: newThrottle(), Plan: plan, State: bulk.NewState(plan), Journal: &inMemory{}, Skip: skip}
}

func eachServer(t *testing.T, do func(t *testing.T, s *server)) {
	t.Helper()
	for name, tags := range map[string]bool{"plain": false, "tags": true} {
		t.Run(name, func(t *testing.T) { do(t, &server{fleet: newFleet(), tags: tags}) })
	}
}

// A role is lost in the middle of a run, so that SIMs are not found, and comes back: the
// next resume moves them.
func TestResumeRetriesAfterTheRoleIsBack(t *testing.T) {
	for _, skip := range []bool{false, true} {
		eachServer(t, func(t *testing.T, s *server) {
			r := newInterruptedRun(t, s, skip)
			for id := int64(26); id <= 50; id++ { // the Workspace that the caller lost
				s.fleet.Remove(id)
			}
			err := r.Run(t.Context())
			if got := r.State.Tally(); skip && err != nil || got.Refused != 25 {
				t.Fatalf("without the role: %+v, %v", got, err)
			}
			for i := 26; i <= 50; i++ {
				s.fleet.Add(fakeserver.SIM{ID: int64(i), ICCID: iccid(i), Status: 2, Workspace: north})
			}
			if err := r.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := r.State.Tally(); got.Moved != 100 || r.State.ExitCode() != bulk.ExitDone {
				t.Errorf("with the role back: %+v", got)
			}
		})
	}
}

// Others have moved the remaining SIMs, into the target and elsewhere. One resume says so and
// moves nothing. After the second one, at the latest, the run is over.
func TestResumeAfterOthersMovedSIMs(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		r := newInterruptedRun(t, s, false)
		for id := int64(1); id <= 100; id++ {
			to := int64(south)
			if id%25 == 0 {
				to = target
			}
			if id%25 == 1 {
				continue
			}
			s.fleet.Change(id, func(s *fakeserver.SIM) { s.Workspace = to })
		}
		if err := r.Resume(t.Context()); !errors.Is(err, bulk.ErrRefused) || r.State.Tally().Moved != 0 || r.State.Done() {
			t.Fatalf("the first time: %v, %+v", err, r.State.Tally())
		}
		if err := r.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.State.Tally(); !r.State.Done() || got.Moved != 4 || got.AlreadyThere != 4 || got.Refused != 92 {
			t.Errorf("the second time: %+v", got)
		}
		if err := r.Resume(t.Context()); err != nil || !r.State.Done() {
			t.Errorf("once more: %v", err)
		}
	})
}

// A proxy that changes entity tags makes every guarded request stale. The run must stop soon,
// say why, and move nothing.
func TestChangedEntityTagsStopTheRun(t *testing.T) {
	s := &server{fleet: newFleet(), tags: true, retag: true}
	r := newInterruptedRun(t, s, false)
	before := s.calls
	err := r.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "proxy") || !strings.Contains(err.Error(), "chunk 1") {
		t.Errorf("the run ended with %v, want an explanation", err)
	}
	if n := s.calls - before; n > 10 {
		t.Errorf("%d requests for a chunk that cannot move", n)
	}
	if got := r.State.Tally(); got.Moved != 0 {
		t.Errorf("%+v: nothing may have moved", got)
	}
}
