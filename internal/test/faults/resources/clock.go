package resources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/job"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/rest"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
	"github.com/simferry/simferry/internal/world"
)

// Clock moves the time by years in both directions and sets it right again. The server runs in this
// process: it reads no clock but the store's, and compares it with the database's, as a server does
// every minute. The control is a server that does not compare.
var Clock = func() faults.Harness {
	s := jumps(true)
	s.control = func(ctx context.Context, seed uint64) (faults.Control, error) {
		return failing(ctx, "a server that does not compare its clock", jumps(false), faults.Mutation{}, seed)
	}
	return s.harness()
}()

func jumps(compare bool) scene {
	return scene{
		name: "resources-clock", summary: "the server's clock jumps by years under load, forth and back, on both engines",
		setUp: func(ctx context.Context, p place) (site, error) {
			return setUpClock(ctx, p, compare)
		},
		clockJumps: true, least: minimumWork{underWay: 1, jobs: 1},
	}
}

type clockSite struct {
	database string
	compare  bool // the clock with the database's
	store    *store.Store
	control  *control.Control
	handler  http.Handler // of the control
	requests sync.RWMutex // held while a request is handled, and to open the store again
	http     *httptest.Server
	cluster  *pgtest.Cluster // nil on SQLite
	users    *traffic.Clients
	makers   *jobload.Load
	stopJobs func()        // ends what runs jobs; nil before they run
	release  func()        // lets the users who create jobs continue
	ahead    *atomic.Int64 // ahead of the real time, in nanoseconds
	wrong    []string
}

// setUpClock uses the engines in turn.
func setUpClock(ctx context.Context, p place, compare bool) (_ site, err error) {
	dir, err := p.own()
	if err != nil {
		return nil, err
	}
	o := traffic.Options{Clients: clients, Seed: p.seed, MigrationsOnly: true, Expires: true}
	s := &clockSite{users: traffic.New(o), database: "sqlite:" + filepath.Join(dir, "fleet.db"), ahead: new(atomic.Int64), compare: compare}
	if p.number%2 == 1 {
		if s.cluster, s.database, err = cluster(ctx, nil); err != nil {
			return nil, err
		}
	}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// start opens the database, fills it, and begins the work.
func (s *clockSite) start(ctx context.Context, o traffic.Options) error {
	err := s.open(ctx)
	if err == nil {
		err = seed(ctx, s.control, o)
	}
	if err != nil {
		return err
	}
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.RLock()
		defer s.requests.RUnlock()
		s.handler.ServeHTTP(w, r)
	}))
	if err := s.users.SignIn(ctx, s.http.URL); err != nil {
		return err
	}
	s.runJobs(ctx)
	s.makers, err = jobload.Begin(ctx, jobload.Options{URLs: []string{s.http.URL}, Acts: true, Few: true})
	return err
}

func (s *clockSite) open(ctx context.Context) (err error) {
	now := func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	if s.store, err = store.Open(ctx, s.database, store.Options{Clock: now, MaxConns: 8, CompareClock: s.compare}); err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	if s.control, err = control.New(ctx, s.store, control.Options{Password: kit.CheapPassword, Log: quiet}); err == nil {
		s.handler = httpapi.New(s.control, httpx.Options{Log: quiet})
	}
	return err
}

// restart closes the database and opens it again, as a restart of the server does. Jobs do not run.
func (s *clockSite) restart(ctx context.Context) error {
	s.requests.Lock()
	defer s.requests.Unlock()
	if err := s.store.Close(); err != nil {
		return err
	}
	return s.open(ctx)
}

// runJobs does what a server does for jobs in the background.
func (s *clockSite) runJobs(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var runners sync.WaitGroup
	for n := range 2 {
		r := job.Runner{Control: s.control, Owner: fmt.Sprintf("harness/%d/%d", os.Getpid(), n), Log: slog.New(slog.DiscardHandler)}
		runners.Go(func() { r.Run(ctx) })
	}
	s.stopJobs = func() {
		cancel()
		runners.Wait()
	}
}

func seed(ctx context.Context, c *control.Control, o traffic.Options) error {
	for _, text := range []string{traffic.World(o), jobload.World()} {
		w, err := world.Parse(strings.NewReader(text))
		if err == nil {
			_, err = operator.New(c).ApplyWorld(ctx, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *clockSite) url() string               { return s.database }
func (s *clockSite) server() string            { return s.http.URL }
func (s *clockSite) clients() *traffic.Clients { return s.users }
func (s *clockSite) jobLoad() *jobload.Load    { return s.makers }
func (s *clockSite) faults() []string          { return s.wrong }

// settle links the audit log, which a server does every second, and stops jobs until resume. The
// dates of entries are wrong by years, so fsck would not recognize an entry without a link as a new
// one.
func (s *clockSite) settle(ctx context.Context) error {
	s.release = s.makers.Hold()
	s.stopJobs()
	return operator.New(s.control).Fold(ctx)
}

func (s *clockSite) resume(ctx context.Context) {
	s.runJobs(ctx)
	s.release()
}

const year = 365 * 24 * time.Hour

// injectFault locks a user out, moves the time by years, and corrects it. The server must detect
// both. A lock of five minutes must be over after ten.
func (s *clockSite) injectFault(ctx context.Context, load *traffic.Load, rng *rand.Rand) (faultStart, over time.Time, err error) {
	for range 3 {
		if _, err := s.guest(ctx, "wrong"); err != nil {
			return faultStart, over, err
		}
	}
	// The server has compared the clocks in the last minute, and has entries of the right time.
	if err := operator.New(s.control).CheckClock(ctx); err != nil {
		return faultStart, over, err
	}
	faultStart = time.Now()
	s.jump(rng)
	// Until the server compares, it works with the wrong time.
	for before, began := load.Wrote(), time.Now(); load.Wrote() < before+rng.IntN(4) && time.Since(began) < promised; {
		faults.Pause(ctx, time.Millisecond)
	}
	if err := s.whileWrong(ctx); err != nil {
		return faultStart, over, err
	}
	if err := s.setRight(ctx); err != nil {
		return faultStart, over, err
	}
	over = time.Now()
	status, err := s.guest(ctx, traffic.GuestPassword)
	if status != http.StatusOK {
		s.wrong = append(s.wrong, fmt.Sprintf("I12: a user is still locked out after ten minutes: %d", status))
	}
	s.ahead.Store(0)
	return faultStart, over, errors.Join(err, s.users.SignIn(ctx, s.server()))
}

// guest makes one attempt of the guest to sign in, and returns the status.
func (s *clockSite) guest(ctx context.Context, with string) (status int, err error) {
	r, err := rest.TrySignIn(ctx, s.http.Client(), s.server(), traffic.Guest, with)
	return r.Status, err
}

// whileWrong compares the clock, as the server does every minute, and checks that a server whose
// time is wrong removes nothing because of its age, and that it refuses sign-ins if it knows.
// SQLite has no clock of its own, so only a clock that is behind is known there to sign-ins.
func (s *clockSite) whileWrong(ctx context.Context) error {
	o := operator.New(s.control)
	if err := o.CheckClock(ctx); err != nil {
		return err
	}
	off := time.Duration(s.ahead.Load())
	if err := o.Sweep(ctx); off > 0 && err == nil || s.cluster != nil && err == nil {
		s.wrong = append(s.wrong, fmt.Sprintf("I12: a server whose clock is off by %v removed what had expired by it", off))
	}
	status, err := s.guest(ctx, traffic.GuestPassword)
	if known := s.cluster != nil || off < 0; known && status != http.StatusServiceUnavailable {
		s.wrong = append(s.wrong, fmt.Sprintf("I12: a server whose clock is off by %v returned %d to a sign-in", off, status))
	}
	if ready := rest.Ready(ctx, s.server()); (s.cluster != nil || off < 0) && ready != http.StatusServiceUnavailable {
		s.wrong = append(s.wrong, fmt.Sprintf("I12: a server whose clock is off by %v is ready: %d", off, ready))
	}
	return err
}

// setRight sets the clock ten minutes ahead and lets the server find out. On SQLite it cannot, if
// entries have been written with a fast clock: the operator does what the log says.
func (s *clockSite) setRight(ctx context.Context) error {
	o := operator.New(s.control)
	if err := s.setClock(ctx, o); err != nil {
		return err
	}
	defer s.runJobs(ctx)
	if err := o.CheckClock(ctx); err != nil || s.store.ClockWorks() == nil {
		return err
	}
	if s.cluster != nil {
		s.wrong = append(s.wrong, "I12: a server whose clock was set right refuses to work")
		return nil
	}
	if _, err := o.RotateKey(ctx); err != nil {
		return err
	}
	return s.restart(ctx)
}

// setClock first links the audit log, as the server does every second: nothing is written with the
// wrong time between the last link and the right time. Jobs do not run afterwards.
func (s *clockSite) setClock(ctx context.Context, o operator.Operator) error {
	s.stopJobs()
	s.requests.Lock()
	defer s.requests.Unlock()
	err := o.Fold(ctx)
	s.ahead.Store(int64(10 * time.Minute))
	return err
}

// jump sets the clock to a time between 20 years ago and 30 years ahead, at least a year off.
func (s *clockSite) jump(rng *rand.Rand) {
	to := time.Duration(0)
	for to.Abs() < year {
		to = time.Duration(rng.Int64N(int64(50*year))) - 20*year
	}
	s.ahead.Store(int64(to))
}

func (s *clockSite) close() error {
	var errs []error
	if s.makers != nil {
		s.makers.Abandon()
	}
	if s.stopJobs != nil {
		s.stopJobs()
	}
	if s.http != nil {
		s.http.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Remove())
	}
	return errors.Join(errs...)
}
