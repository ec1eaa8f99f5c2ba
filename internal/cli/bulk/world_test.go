package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

const (
	north, south, target = 100, 200, 300
)

func newFleet() *fakeserver.Fleet {
	return fakeserver.NewFleet(map[int64]string{north: "North", south: "South", target: "Target"})
}

func iccid(i int) string { return fmt.Sprintf("898830300000%07d", i) }

// server is a fleet that is called without a network; fault simulates faults of networks and
// machines. With tags it returns entity tags, as Simferry does.
type server struct {
	fleet *fakeserver.Fleet
	tags  bool
	retag bool         // a proxy changes the entity tags
	fault func() fault // may be nil

	mu    sync.Mutex
	calls int
}

// fault is what happens to one request instead of its reply.
type fault int

const (
	none       fault = iota
	throttled        // 429: not processed
	lostBefore       // the connection ends, and nothing was processed
	lostAfter        // the connection ends, and all was
	failBefore       // 500, and nothing was processed
	failAfter        // 500, and all was
)

var errLost = errors.New("connection reset by peer")

func (s *server) nextFault() fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.fault == nil {
		return none
	}
	return s.fault()
}

func (s *server) during(f fault, process func()) error {
	switch f {
	case throttled:
		return &client.APIError{Status: http.StatusTooManyRequests, Message: "slow down", RetryAfter: 3 * time.Second}
	case lostBefore:
		return errLost
	case failBefore:
		return &client.APIError{Status: http.StatusInternalServerError, Message: "oops"}
	}
	process()
	switch f {
	case lostAfter:
		return errLost
	case failAfter:
		return &client.APIError{Status: http.StatusInternalServerError, Message: "oops"}
	}
	return nil
}

func (s *server) Preview(_ context.Context, r client.MigrationRequest) (m *client.Migration, err error) {
	if lost := s.during(s.nextFault(), func() { m, err = s.migrate(r, true) }); lost != nil {
		return nil, lost
	}
	if s.retag && m != nil {
		m.ETag = `"changed-` + m.ETag[1:]
	}
	return m, err
}

func (s *server) Migrate(_ context.Context, r client.MigrationRequest, opts ...client.WriteOption) (m *client.Migration, err error) {
	header := make(http.Header)
	for _, o := range opts {
		o(header)
	}
	process := func() {
		if tag := header.Get("If-Match"); tag != "" {
			now, failed := s.migrate(r, true)
			if failed != nil || now.ETag != tag {
				m, err = nil, &client.StaleError{APIError: client.APIError{Status: http.StatusPreconditionFailed, Message: "stale"}}
				return
			}
		}
		m, err = s.migrate(r, false)
	}
	if lost := s.during(s.nextFault(), process); lost != nil {
		return nil, lost
	}
	return m, err
}

func (s *server) migrate(r client.MigrationRequest, dry bool) (*client.Migration, error) {
	wire := api.MigrationRequest{TargetWorkspace: api.Some(api.RefTo(r.Target)), DryRun: api.Some(dry), AutoDetachDevices: api.Some(r.DetachDevices)}
	for _, id := range r.SIMs {
		wire.SIMs = api.Some(append(wire.SIMs.Value, api.RefTo(id)))
	}
	if r.ICCIDs != nil {
		wire.ICCIDs = api.Some(r.ICCIDs)
	}
	if r.Range != nil {
		wire.ICCIDRange = api.Some(*r.Range)
	}
	for _, id := range r.AllowedStatuses {
		wire.AllowedSIMStatuses = api.Some(append(wire.AllowedSIMStatuses.Value, api.RefTo(id)))
	}
	status, body := s.fleet.Migrate(wire)
	switch b := body.(type) {
	case api.MigrationResponse:
		m := &client.Migration{MigrationResponse: b}
		if s.tags && dry {
			m.ETag = fmt.Sprintf("%q", fmt.Sprint(b.SIMs, b.TargetWorkspace, b.AutoDetachDevices, r.SIMs == nil))
		}
		return m, nil
	case api.MigrationConflict:
		return nil, &client.ConflictError{APIError: client.APIError{Status: status, Message: b.Message}, Groups: b.Errors}
	case api.Error:
		return nil, &client.APIError{Status: status, Code: b.ErrorCode, Message: b.Message, Problems: b.Errors}
	}
	panic(fmt.Sprintf("%T", body))
}

func (s *server) SIMsIn(_ context.Context, workspace int64, ids []int64) (found []int64, err error) {
	lost := s.during(s.nextFault(), func() {
		for _, id := range ids {
			if sim, ok := s.fleet.SIM(id); ok && sim.Workspace == workspace {
				found = append(found, id)
			}
		}
	})
	return found, lost
}

// clock advances when a caller sleeps on it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

func newThrottle() *bulk.Throttle {
	return &bulk.Throttle{Clock: &clock{now: time.Unix(1_700_000_000, 0)}, Patience: time.Hour, Parallel: 1}
}

var terms = bulk.Terms{Target: api.NamedRef{ID: target, Name: "Target"}}

func planned(t *testing.T, s bulk.Server, terms bulk.Terms, sims ...bulk.SIM) *bulk.Plan {
	t.Helper()
	pace := newThrottle()
	pace.Parallel = 4
	p := bulk.Planner{Server: s, Throttle: pace, Terms: terms}
	plan, err := p.Plan(t.Context(), sims)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
