package bulk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// many adds n Activated SIMs from id first on to a Workspace, and names them by ICCID.
func many(f *fakeserver.Fleet, first, n int, workspace int64) (asked []bulk.SIM) {
	for i := first; i < first+n; i++ {
		f.Add(fakeserver.SIM{ID: int64(i), ICCID: iccid(i), Status: 1, Workspace: workspace})
		asked = append(asked, bulk.SIM{ICCID: iccid(i)})
	}
	return asked
}

func TestPlanOfManySIMs(t *testing.T) {
	s := &server{fleet: newFleet(), tags: true}
	s.fleet.NamesMissing, s.fleet.SecondSource = true, true
	asked := slices.Concat(many(s.fleet, 1, 700, north), many(s.fleet, 1001, 700, south), many(s.fleet, 2001, 3, target))
	for _, id := range []int64{5, 1005} {
		s.fleet.Change(id, func(s *fakeserver.SIM) { s.Device = 9000 + s.ID })
	}
	asked = append(asked, bulk.SIM{ICCID: iccid(77777)}, bulk.SIM{ID: 6}, bulk.SIM{ID: 88888})
	p := planned(t, s, terms, asked...)
	if p.Count() != 1398 || len(p.AlreadyThere) != 3 || len(p.Blocked) != 4 || p.Total() != len(asked)-1 || len(p.Duplicates) != 1 {
		t.Errorf("%d move, %d there, held %+v, duplicates %q", p.Count(), len(p.AlreadyThere), p.Blocked, p.Duplicates)
	}
	for i, c := range p.Chunks {
		if c.ETag == "" || len(c.SIMs) > bulk.MaxChunk {
			t.Errorf("chunk %d: %d SIMs, ETag %q", i, len(c.SIMs), c.ETag)
		}
		for _, sim := range c.SIMs {
			if sim.Source.ID != c.SIMs[0].Source.ID && c.By == bulk.ByICCID {
				t.Errorf("chunk %d by ICCID has SIMs of %s and %s", i, sim.Source.Name, c.SIMs[0].Source.Name)
			}
		}
	}
	codes := make(map[int]int)
	for _, h := range p.Blocked {
		codes[h.Reasons[0].Code]++
	}
	if codes[client.SIMsAttached] != 2 || codes[bulk.NotFound] != 2 {
		t.Errorf("%v", codes)
	}
	terms := terms
	terms.DetachDevices, terms.AllowedStatuses = true, []int64{0}
	if p := planned(t, s, terms, asked...); p.Count() != 0 || len(p.Blocked) != 1402 {
		t.Errorf("%d move, %d held", p.Count(), len(p.Blocked))
	}
}

// A server that only says that something is missing, not what.
func TestMissingWithoutNames(t *testing.T) {
	s := &server{fleet: newFleet()}
	asked := many(s.fleet, 1, 500, north)
	asked[123].ICCID, asked[400].ICCID = iccid(9123), iccid(9400)
	p := planned(t, s, terms, asked...)
	if p.Count() != 498 || len(p.Blocked) != 2 || p.Blocked[0].ICCID != iccid(9123) || p.Blocked[1].ICCID != iccid(9400) {
		t.Errorf("%d move, held %+v", p.Count(), p.Blocked)
	}
	if s.calls > 45 {
		t.Errorf("%d requests", s.calls)
	}
}

func TestUnknownTarget(t *testing.T) {
	s := &server{fleet: newFleet()}
	p := bulk.Planner{Server: s, Throttle: newThrottle(), Terms: bulk.Terms{}}
	p.Terms.Target.ID = 999
	if _, err := p.Plan(t.Context(), many(s.fleet, 1, 3, north)); !client.IsNotFound(err) || s.calls > 1 {
		t.Errorf("%v after %d requests", err, s.calls)
	}
}

func TestRange(t *testing.T) {
	s := &server{fleet: newFleet()}
	s.fleet.SecondSource = true
	many(s.fleet, 1, 600, north)
	many(s.fleet, 100, 1, south) // in the middle of the others
	many(s.fleet, 1500, 10, south)
	p := bulk.Planner{Server: s, Throttle: newThrottle(), Terms: terms}
	sims, err := p.Range(t.Context(), bulk.Span{First: iccid(2), Last: iccid(5000)})
	if err != nil || len(sims) != 609 || sims[0].ID != 2 || sims[608].ID != 1509 {
		t.Errorf("%d SIMs, %v", len(sims), err)
	}
	if !slices.IsSortedFunc(sims, func(a, b bulk.SIM) int { return strings.Compare(a.ICCID, b.ICCID) }) {
		t.Error("not in order")
	}
}

// At the end of all numbers.
func TestRangeAtTheEnd(t *testing.T) {
	s := &server{fleet: newFleet()}
	last := strings.Repeat("9", 19)
	s.fleet.Add(fakeserver.SIM{ID: 1, ICCID: last, Workspace: north})
	p := bulk.Planner{Server: s, Throttle: newThrottle(), Terms: terms}
	sims, err := p.Range(t.Context(), bulk.Span{First: "9999999999999999000", Last: last})
	if err != nil || len(sims) != 1 {
		t.Errorf("%v %v", sims, err)
	}
}

// SIMs that have changed since a plan was saved are refused by name; the rest is unchanged.
func TestConfirm(t *testing.T) {
	for _, tags := range []bool{true, false} {
		s := &server{fleet: newFleet(), tags: tags}
		asked := many(s.fleet, 1, 1200, north)
		saved := planned(t, s, terms, asked...)
		s.fleet.Change(600, func(s *fakeserver.SIM) { s.Status = 2 })
		s.fleet.Change(601, func(s *fakeserver.SIM) { s.Workspace = south })
		s.fleet.Change(602, func(s *fakeserver.SIM) { s.Workspace = target })
		s.fleet.Remove(603)
		p := bulk.Planner{Server: s, Throttle: newThrottle(), Terms: terms}
		now, err := p.Confirm(t.Context(), saved)
		if err != nil {
			t.Fatal(err)
		}
		if now.Count() != 1196 || len(now.AlreadyThere) != 1 || len(now.Blocked) != 3 || saved.Count() != 1200 {
			t.Errorf("%d move, %d there, held %+v", now.Count(), len(now.AlreadyThere), now.Blocked)
		}
		if got := now.Blocked[0].Reasons[0].Message; got != "changed since the plan: status Suspended, was Activated" {
			t.Errorf("%q", got)
		}
	}
}

// The planner waits for an absent server as long as its patience lasts.
func TestPatience(t *testing.T) {
	s := &server{fleet: newFleet(), fault: func() fault { return lostBefore }}
	asked := many(s.fleet, 1, 1, north)
	pace := newThrottle()
	began := pace.Clock.Now()
	p := bulk.Planner{Server: s, Throttle: pace, Terms: terms}
	_, err := p.Plan(t.Context(), asked)
	waited := pace.Clock.Now().Sub(began)
	if !errors.Is(err, errLost) || waited > pace.Patience || waited < pace.Patience/2 {
		t.Errorf("%v after %v", err, waited)
	}
}

// If a server asks for fewer requests, the planner waits and sends fewer at once from then on.
func TestThrottledPlan(t *testing.T) {
	n := 0
	s := &server{fleet: newFleet()}
	s.fault = func() fault {
		if n++; n%3 == 0 {
			return throttled
		}
		return none
	}
	asked := many(s.fleet, 1, 4000, north)
	pace := newThrottle()
	pace.Parallel = 4
	waits := 0
	pace.Notify = func(time.Duration, string) { waits++ }
	p := bulk.Planner{Server: s, Throttle: pace, Terms: terms}
	plan, err := p.Plan(t.Context(), asked)
	if err != nil || plan.Count() != 4000 {
		t.Fatalf("%v", err)
	}
	if pace.Parallel != 1 || waits == 0 {
		t.Errorf("%d at once after %d waits", pace.Parallel, waits)
	}
}
