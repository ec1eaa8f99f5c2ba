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
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
	"github.com/simferry/simferry/internal/world"
)

// Clock moves the time by years in both directions. The server runs in this process: it reads
// no clock but the store's. The control has clients that do not sign in again when their
// bearers have expired.
var Clock = func() faults.Harness {
	s := jumps(false)
	s.control = func(ctx context.Context, seed uint64) (faults.Control, error) {
		return failing(ctx, "clients that do not sign in again", jumps(true), faults.Mutation{}, seed)
	}
	return s.harness()
}()

func jumps(forgetful bool) scene {
	return scene{
		name: "resources-clock", does: "the server's clock jumps by years under load, forth and back, on both engines",
		setUp: func(ctx context.Context, p place) (site, error) {
			return setUpClock(ctx, p, forgetful)
		},
		least: minimumWork{underWay: 1, jobs: 1},
	}
}

type clockSite struct {
	database  string
	store     *store.Store
	control   *control.Control
	server    *httptest.Server
	cluster   *pgtest.Cluster // nil on SQLite
	users     *traffic.Clients
	makers    *jobload.Crew
	stopJobs  func()        // ends what runs jobs; nil before they run
	release   func()        // lets the users who make jobs continue
	ahead     *atomic.Int64 // ahead of the real time, in nanoseconds
	forgetful bool
	wrong     []string
}

// setUpClock uses the engines by turns.
func setUpClock(ctx context.Context, p place, forgetful bool) (_ site, err error) {
	dir, err := p.own()
	if err != nil {
		return nil, err
	}
	s := &clockSite{database: "sqlite:" + filepath.Join(dir, "fleet.db"), ahead: new(atomic.Int64), forgetful: forgetful}
	if p.number%2 == 1 {
		if s.cluster, s.database, err = cluster(ctx, nil); err != nil {
			return nil, err
		}
	}
	if err := s.open(ctx, dir); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *clockSite) open(ctx context.Context, dir string) (err error) {
	now := func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	if s.store, err = store.Open(ctx, s.database, store.Options{Clock: now, MaxConns: 8}); err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	if s.control, err = control.New(ctx, s.store, control.Options{Password: kit.CheapPassword, Log: quiet}); err != nil {
		return err
	}
	if err := seed(ctx, s.control, dir); err != nil {
		return err
	}
	s.server = httptest.NewServer(httpapi.New(s.control, httpx.Options{Log: quiet}))
	if s.users, err = traffic.SignIn(ctx, s.server.URL); err != nil {
		return err
	}
	s.runJobs(ctx)
	s.makers, err = jobload.Begin(ctx, jobload.Options{URLs: []string{s.server.URL}, Acts: true, Few: true})
	return err
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

func seed(ctx context.Context, c *control.Control, dir string) error {
	for _, world := range []func(string) (string, error){traffic.World, jobload.World} {
		file, err := world(dir)
		if err == nil {
			err = apply(ctx, c, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func apply(ctx context.Context, c *control.Control, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	w, err := world.Parse(f)
	if err == nil {
		_, err = operator.New(c).ApplyWorld(ctx, w)
	}
	return err
}

func (s *clockSite) url() string               { return s.database }
func (s *clockSite) clients() *traffic.Clients { return s.users }
func (s *clockSite) crew() *jobload.Crew       { return s.makers }
func (s *clockSite) complaints() []string      { return s.wrong }

func (s *clockSite) begin(ctx context.Context, seed uint64) *traffic.Load {
	return traffic.BeginExpiring(ctx, s.users, seed, clients)
}

// settle links the audit log, which a server does every second. The dates of entries are years off,
// so fsck would not take an entry without a link for a new one: jobs stop until goOn.
func (s *clockSite) settle(ctx context.Context) error {
	s.release = s.makers.Hold()
	s.stopJobs()
	return operator.New(s.control).Fold(ctx)
}

func (s *clockSite) goOn(ctx context.Context) {
	s.runJobs(ctx)
	s.release()
}

const year = 365 * 24 * time.Hour

// strike locks a user out and moves the time. A user who signs in must be able to work, and a
// lock of five minutes must be over after ten.
func (s *clockSite) strike(ctx context.Context, _ *traffic.Load, rng *rand.Rand) (struck, over time.Time, err error) {
	for range 3 {
		if _, _, err := s.users.TrySignIn(ctx, traffic.Guest, "wrong"); err != nil {
			return struck, over, err
		}
	}
	struck = time.Now()
	s.jump(rng)
	// The server does this every hour.
	if err := operator.New(s.control).Sweep(ctx); err != nil {
		s.wrong = append(s.wrong, "I12: the sweep after a jump: "+err.Error())
	}
	if !s.forgetful {
		if err := s.users.Renew(ctx); err != nil {
			s.wrong = append(s.wrong, "I12: after a jump: "+err.Error())
		}
	}
	over = time.Now()
	s.ahead.Add(int64(10 * time.Minute))
	status, _, err := s.users.TrySignIn(ctx, traffic.Guest, traffic.GuestPassword)
	if status != http.StatusOK {
		s.wrong = append(s.wrong, fmt.Sprintf("I12: a user is still locked out after ten minutes: %d", status))
	}
	return struck, over, err
}

// jump sets the clock to a time between 20 years ago and 30 years ahead, at least a year off.
func (s *clockSite) jump(rng *rand.Rand) {
	before := time.Duration(s.ahead.Load())
	to := before
	for (to-before).Abs() < year || s.forgetful && to < before {
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
	if s.server != nil {
		s.server.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Remove())
	}
	return errors.Join(errs...)
}
