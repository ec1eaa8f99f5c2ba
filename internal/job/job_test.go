package job_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Servers take jobs, abandon them in the middle, sleep longer than their lease and go on, while
// users pause and resume the jobs. At the end each SIM has moved once, and the ledger shows it.
func TestJobsSurviveTheirServers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		const sims, first = 400, 20000
		if _, err := s.Import(cards(first, sims)); err != nil {
			t.Fatal(err)
		}
		admin := s.As("admin@example.com")
		paths := []string{moving(admin, first, sims/2), moving(admin, first+sims/2, sims/2)}
		var servers sync.WaitGroup
		for n := range 3 {
			servers.Go(func() { unreliable(t, s, uint64(n)) })
		}
		for range 10 {
			for _, path := range paths {
				admin.Post(path+"/pause", "") // it may be planning, or at its end
				admin.Post(path+"/resume", "")
			}
		}
		servers.Wait()
		for _, path := range paths {
			admin.Post(path+"/resume", "")
		}
		for range 2 { // the second job may wait for the first
			s.Clock.Advance(control.JobLeaseTime)
			s.RunJobs()
		}
		lines := s.Rows(fmt.Sprintf("SELECT count(*), count(DISTINCT sim_id) FROM ledger_lines WHERE sim_id >= %d AND workspace_after = 300", first))
		if got, want := fmt.Sprint(lines), fmt.Sprintf("[[%d %d]]", sims, sims); got != want {
			t.Errorf("moves and SIMs that moved: %s, want %s", got, want)
		}
		for _, path := range paths {
			if body := string(admin.Get(path).Is(http.StatusOK).Body); !strings.Contains(body, `"state":"completed"`) {
				t.Error(body)
			}
		}
		sound(t, s)
	})
}

func cards(first, n int) string {
	var b strings.Builder
	b.WriteString("id,iccid,workspace\n")
	for id := first; id < first+n; id++ {
		fmt.Fprintf(&b, "%d,89883030000%08d,100\n", id, id)
	}
	return b.String()
}

// moving makes a job of waves of a few SIMs, so that it has many chunks.
func moving(c *kit.Client, first, n int) (path string) {
	var ids, waves []string
	for id := first; id < first+n; id++ {
		ids = append(ids, fmt.Sprintf(`{"id": %d}`, id))
	}
	for range n / 10 {
		waves = append(waves, `{"sims": 10}`)
	}
	body := fmt.Sprintf(`{"target_workspace": {"id": 300}, "select": {"sims": [%s]}, "waves": [%s], "dry_run": false}`, strings.Join(ids, ","), strings.Join(waves, ","))
	return c.Post("/api/v1/migration_job", body).Is(http.StatusCreated).Header.Get("Location")
}

// unreliable starts a server that does some steps of its jobs and then forgets them. It continues
// with an old lease later.
func unreliable(t *testing.T, s *kit.Server, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 16))
	var leases []control.JobLease
	for range 60 {
		lease, found, err := s.Control.ClaimJob(t.Context(), fmt.Sprint("server ", seed))
		if err != nil {
			t.Errorf("claim: %v", err)
			return
		}
		switch {
		case found:
			leases = append(leases, lease)
		case random.IntN(3) == 0:
			s.Clock.Advance(control.JobLeaseTime)
		}
		if len(leases) == 0 {
			continue
		}
		for range random.IntN(4) {
			if _, err := s.Control.StepJob(context.WithoutCancel(t.Context()), leases[random.IntN(len(leases))]); err != nil && !errors.Is(err, control.ErrLeaseLost) {
				t.Errorf("step: %v", err)
				return
			}
		}
	}
}

// sound checks the whole database.
func sound(t *testing.T, s *kit.Server) {
	t.Helper()
	o := operator.New(s.Control)
	if err := o.Fold(t.Context()); err != nil { // links the audit log
		t.Fatal(err)
	}
	report, err := o.Fsck(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if !c.OK() {
			t.Errorf("%s: %v", c.Key, c.First)
		}
	}
}

// The clock of the only server was ahead by years and is set right while jobs are under way.
func TestJobsGoOnWhenTheClockGoesBack(t *testing.T) {
	const sims, ahead = 60, 3 * 365 * 24 * time.Hour
	work := func(t *testing.T, s *kit.Server, leave bool) {
		t.Helper()
		lease, found, err := s.Control.ClaimJob(t.Context(), "server")
		if err != nil || !found {
			t.Fatalf("claim: %t, %v", found, err)
		}
		for range 3 { // plan, begin, and a chunk
			if _, err := s.Control.StepJob(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
		}
		if leave {
			return
		}
		if err := s.Control.ReleaseJob(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
	}
	before := map[string]func(t *testing.T, s *kit.Server, c *kit.Client, path string){
		"a new job":    func(*testing.T, *kit.Server, *kit.Client, string) {},
		"a job begun":  func(t *testing.T, s *kit.Server, _ *kit.Client, _ string) { work(t, s, false) },
		"a job leased": func(t *testing.T, s *kit.Server, _ *kit.Client, _ string) { work(t, s, true) },
		"a job resumed": func(t *testing.T, s *kit.Server, c *kit.Client, path string) {
			work(t, s, false)
			c.Post(path+"/pause", "").Is(http.StatusOK)
			c.Post(path+"/resume", "").Is(http.StatusOK)
		},
	}
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		first := 30000
		for name, prepare := range before {
			if _, err := s.Import(cards(first, sims)); err != nil {
				t.Fatal(err)
			}
			s.Clock.Advance(ahead)
			admin := s.As("admin@example.com")
			path := moving(admin, first, sims)
			prepare(t, s, admin, path)
			s.Clock.Advance(-ahead)
			s.RunJobs()
			if body := string(s.As("admin@example.com").Get(path).Is(http.StatusOK).Body); !strings.Contains(body, `"state":"completed"`) {
				t.Errorf("%s: %s", name, body)
			}
			first += sims
		}
		sound(t, s)
	})
}
