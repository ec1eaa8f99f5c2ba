package bulk_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// errKilled simulates the death of the process: nothing is done after it.
var errKilled = errors.New("killed")

// disk is a journal that survives its process, which may be killed before or after a line is
// stored.
type disk struct {
	lines []string
	kill  func() (before, after bool)
}

func (d *disk) Append(e bulk.Entry) error {
	before, after := d.kill()
	if before {
		panic(errKilled)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	d.lines = append(d.lines, string(line))
	if after {
		panic(errKilled)
	}
	return nil
}

func (d *disk) state(t *rapid.T, plan *bulk.Plan) *bulk.State {
	s := bulk.NewState(plan)
	for _, line := range d.lines {
		var e bulk.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(e); err != nil {
			t.Fatalf("a journal that cannot be read back: %v in %s", err, line)
		}
	}
	return s
}

// Each SIM moves once and the reported verdicts are true, whatever the network, the server and
// the machine do, and however often the run is killed and resumed.
func TestEachSIMMovesOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		p := bulk.Planner{Server: w.server, Throttle: newThrottle(), Terms: terms, Chunk: 25}
		plan, err := p.Plan(t.Context(), w.asked)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Total() != len(w.asked) {
			t.Fatalf("%d SIMs asked for, %d in the plan", len(w.asked), plan.Total())
		}
		d := &disk{kill: func() (bool, bool) {
			return rapid.IntRange(0, 19).Draw(t, "before") == 0, rapid.IntRange(0, 19).Draw(t, "after") == 0
		}}
		state := d.state(t, plan)
		for life := 0; !state.Done(); life++ {
			if life == 200 {
				t.Fatal("it does not come to an end")
			}
			err := w.runOnce(t.Context(), plan, state, d)
			state = d.state(t, plan)
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatalf("%v", err)
			}
		}
		w.check(t, state)
	})
}

type randomWorld struct {
	server *server
	asked  []bulk.SIM
	others map[int64]bool // SIMs that another client has changed

	resumes bool // later processes try the refused SIMs again
}

func drawWorld(t *rapid.T) *randomWorld {
	f := newFleet()
	f.NamesMissing, f.SecondSource = rapid.Bool().Draw(t, "names missing"), rapid.Bool().Draw(t, "second source")
	w := &randomWorld{server: &server{fleet: f, tags: rapid.Bool().Draw(t, "tags")}, others: make(map[int64]bool)}
	n := rapid.IntRange(1, 150).Draw(t, "SIMs")
	mixed := rapid.Bool().Draw(t, "mixed")
	byID := rapid.Bool().Draw(t, "by id")
	for i := 1; i <= n; i++ {
		s := fakeserver.SIM{ID: int64(i), ICCID: iccid(i), Status: int64(i % 3), Workspace: north}
		if mixed && i%7 == 0 {
			s.Workspace = south
		}
		if i%33 == 0 {
			s.Device = int64(i)
		}
		if i%23 == 0 {
			s.Workspace = target
		}
		if i%41 != 0 {
			f.Add(s)
		}
		asked := bulk.SIM{ICCID: s.ICCID}
		if byID && i%2 == 0 {
			asked = bulk.SIM{ID: s.ID}
		}
		w.asked = append(w.asked, asked)
	}
	w.resumes = rapid.Bool().Draw(t, "resumes")
	othersMove := rapid.IntRange(0, 3).Draw(t, "meddlesome") == 0
	w.server.fault = func() fault {
		if othersMove && rapid.IntRange(0, 9).Draw(t, "meddle") == 0 {
			w.disturb(int64(rapid.IntRange(1, n).Draw(t, "victim")), rapid.IntRange(0, 3).Draw(t, "how"))
		}
		if rapid.IntRange(0, 4).Draw(t, "trouble") > 0 {
			return none
		}
		return fault(rapid.IntRange(1, 5).Draw(t, "fault"))
	}
	return w
}

// disturb simulates changes by other clients.
func (w *randomWorld) disturb(id int64, how int) {
	s, ok := w.server.fleet.SIM(id)
	if !ok || s.Workspace == target {
		return
	}
	w.others[id] = true
	switch how {
	case 0:
		w.server.fleet.Remove(id)
	case 1:
		w.server.fleet.Change(id, func(s *fakeserver.SIM) { s.Workspace = south })
	case 2:
		w.server.fleet.Change(id, func(s *fakeserver.SIM) { s.Workspace = target })
	default:
		w.server.fleet.Change(id, func(s *fakeserver.SIM) { s.Status = 4 })
	}
}

// runOnce runs the process once.
func (w *randomWorld) runOnce(ctx context.Context, plan *bulk.Plan, state *bulk.State, d *disk) (err error) {
	defer func() {
		if killed := recover(); killed != nil {
			if killed != any(errKilled) {
				panic(killed)
			}
			err = errKilled
		}
	}()
	r := bulk.Runner{Server: w.server, Throttle: newThrottle(), Plan: plan, State: state, Journal: d, Skip: true}
	if len(d.lines) > 0 && w.resumes {
		return r.Resume(ctx)
	}
	return r.Run(ctx)
}

func (w *randomWorld) check(t *rapid.T, state *bulk.State) {
	for _, v := range state.Verdicts() {
		s, there := w.server.fleet.SIM(v.ID)
		if s.Moves > 1 {
			t.Fatalf("SIM %d moved %d times", v.ID, s.Moves)
		}
		arrived := there && s.Workspace == target
		switch v.Outcome {
		case bulk.Moved, bulk.AlreadyThere:
			if !arrived && !w.others[v.ID] {
				t.Fatalf("SIM %d is said to have %s, and has not", v.ID, v.Outcome)
			}
			if (v.Outcome == bulk.Moved) != (s.Moves == 1) && !w.others[v.ID] {
				t.Fatalf("SIM %d has moved %d times, and is said to have %s", v.ID, s.Moves, v.Outcome)
			}
		case bulk.Refused:
			if s.Moves > 0 {
				t.Fatalf("SIM %d has moved, and is said to be refused: %v", v.ID, v.Reasons)
			}
			if len(v.Reasons) == 0 {
				t.Fatalf("SIM %d is refused without a reason", v.ID)
			}
		default:
			t.Fatalf("SIM %d at the end: %s", v.ID, v.Outcome)
		}
	}
	tally := state.Tally()
	if (state.ExitCode() == bulk.ExitDone) != (tally.Moved+tally.AlreadyThere == tally.Total) {
		t.Fatalf("exit code %d for %+v", state.ExitCode(), tally)
	}
}
