package bench

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/job"
	"github.com/simferry/simferry/internal/store"
)

const (
	jobFleet = 100_000
	jobSIMs  = 5_000 // of one job
	stride   = 19    // between scattered SIMs: each is on a page of its own
)

// BenchmarkJobs measures whole jobs, from the request to the last verdict, beside the same row
// changes in bare SQL.
func BenchmarkJobs(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			p := engine.open(b, jobFleet)
			c, err := control.New(b.Context(), p.store, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			for name, list := range map[string][]int64{"consecutive": ids(1, jobSIMs), "scattered": every(stride, jobSIMs)} {
				b.Run(name, func(b *testing.B) { p.jobs(b, c, list) })
			}
			b.Run("interactive", func(b *testing.B) { p.beside(b, c) })
		})
	}
}

// every returns n ids, some apart.
func every(apart, n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(1 + i*apart)
	}
	return list
}

func (p *place) jobs(b *testing.B, c *control.Control, list []int64) {
	b.Helper()
	ctx := b.Context()
	floor, is := p.floor.(jobFloor)
	if !is {
		b.Fatal("this engine has no floor of jobs")
	}
	var spent time.Duration
	var done int
	var m meter
	if pg, is := p.floor.(pgFloor); is {
		m.pool = pg.pool
	}
	reset := func() error { return p.floor.reset(ctx, list, int64(left), false) }
	turns(b, reset, m.metered(ctx, &m.ours, func() error {
		began := time.Now()
		err := p.runJob(ctx, c, list)
		spent += time.Since(began)
		done += len(list)
		return err
	}), m.metered(ctx, &m.bare, func() error { return floor.job(ctx, list, int64(left), int64(right)) }), nil)
	m.report(b)
	b.ReportMetric(float64(done)/spent.Seconds(), "SIMs/s")
	if err := reset(); err != nil {
		b.Fatal(err)
	}
}

// runJob makes a job that moves SIMs, and runs it to its end.
func (p *place) runJob(ctx context.Context, c *control.Control, list []int64) error {
	var sims []fleet.SIMID
	for _, id := range list {
		sims = append(sims, fleet.SIMID(id))
	}
	n := control.NewJob{
		Kind: fleet.JobMigration, Target: right, Select: fleet.JobSelection{SIMs: sims}, Options: fleet.JobOptions{Auto: true, DetachDevices: true},
	}
	if _, err := c.CreateJob(ctx, caller, n, control.Write[fleet.Job]{Encoder: noJobEncoder{}}); err != nil {
		return err
	}
	r := job.Runner{Control: c, Owner: "bench", Log: slog.New(slog.DiscardHandler)}
	if err := r.RunDue(ctx); err != nil {
		return err
	}
	page, err := c.ListJobs(ctx, caller, fleet.List{Page: 1, PerPage: 1, Sort: []fleet.Order{{Field: "id", Descending: true}}})
	if err != nil {
		return err
	}
	if j := page.Items[0]; j.State != fleet.JobCompleted || j.Count(fleet.VerdictDone) != len(list) {
		return fmt.Errorf("the job is %s with %v", j.State, j.Counts)
	}
	return nil
}

type noJobEncoder struct{}

func (noJobEncoder) OK(fleet.Job) control.Reply  { return control.Reply{} }
func (noJobEncoder) Refused(error) control.Reply { return control.Reply{} }

// pagesLarge is how many verdicts the largest job has.
const pagesLarge = 5_000_000

// BenchmarkJobPages measures the requests that are made most while a job runs, of a job of 5,000
// and of one of five million verdicts, in turn.
func BenchmarkJobPages(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			p := engine.open(b, 1000)
			// A few done SIMs are found by ledger entries, which these jobs do not have.
			small, medium, large := p.verdicts(b, 5_000), p.verdicts(b, 50_000), p.verdicts(b, pagesLarge)
			c, err := control.New(b.Context(), p.store, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			state := func(id fleet.JobID) error {
				_, err := c.Job(b.Context(), caller, id)
				return err
			}
			b.Run("state", func(b *testing.B) {
				turns(b, func() error { return nil }, func() error { return state(large) }, func() error { return state(small) }, nil)
			})
			for name, verdict := range map[string]string{"all": "", "done": "done", "refused": "refused", "drifted": "drifted"} {
				read := func(id fleet.JobID, after int64) error {
					l, err := fleet.ParseList(fleet.JobSIMList, "", "id", "", "")
					if err != nil {
						return err
					}
					if verdict != "" {
						l.Filters = []fleet.Filter{{Field: fleet.JobSIMList.Fields[1], Texts: []string{verdict}}}
					}
					l.PerPage, l.After = 100, &after
					found, err := c.ListJobSIMs(b.Context(), caller, id, l)
					if err == nil && len(found.Items) != l.PerPage {
						err = fmt.Errorf("a page of %d SIMs", len(found.Items))
					}
					return err
				}
				b.Run(name, func(b *testing.B) {
					base, middle := small, int64(2_500)
					if verdict == "done" {
						base, middle = medium, 25_000
					}
					turns(b, func() error { return nil }, func() error { return read(large, pagesLarge/2) }, func() error { return read(base, middle) }, nil)
				})
			}
		})
	}
}

// verdicts makes a job that has moved n SIMs, of which one in ten was refused and one in ten has
// drifted.
func (p *place) verdicts(b *testing.B, n int) fleet.JobID {
	b.Helper()
	var id fleet.JobID
	err := p.store.Update(b.Context(), func(tx *store.Tx) (err error) {
		j := fleet.Job{Kind: fleet.JobMigration, State: fleet.JobCompleted, User: admin, Workspace: left, Target: fleet.Workspace{ID: right}}
		id, err = tx.InsertJob(b.Context(), j)
		return err
	})
	for first := 1; first <= n && err == nil; first += 50_000 {
		err = p.store.Update(b.Context(), func(tx *store.Tx) error {
			var rows []fleet.JobSIM
			for sim := first; sim < min(first+50_000, n+1); sim++ {
				v := []fleet.Verdict{fleet.VerdictRefused, fleet.VerdictDrifted}
				row := fleet.JobSIM{Pos: int64(sim), SIM: fleet.SIMID(sim), Source: left, Verdict: fleet.VerdictDone}
				if sim%10 < len(v) {
					row.Verdict = v[sim%10]
				}
				rows = append(rows, row)
			}
			_, err := tx.AddJobSIMs(b.Context(), &fleet.Job{ID: id}, rows)
			return err
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// beside measures single moves while a job runs, and the same without one.
func (p *place) beside(b *testing.B, c *control.Control) {
	b.Helper()
	ctx := b.Context()
	list := ids(20_001, jobSIMs)
	single := func(n int) time.Duration {
		to := []fleet.WorkspaceID{right, left}[n%2]
		run := control.Run{Request: fleet.MigrationRequest{Target: to, Select: fleet.Selector{SIMs: []fleet.SIMID{jobFleet}}, DetachDevices: true}}
		began := time.Now()
		if _, err := c.Migrate(ctx, caller, run, control.Write[control.Migrated]{Encoder: noEncoder{}}); err != nil {
			b.Error(err)
		}
		return time.Since(began)
	}
	var idle, busy []time.Duration
	for b.Loop() {
		for n := range 50 {
			idle = append(idle, single(n))
		}
		var wg sync.WaitGroup
		ended := make(chan struct{})
		wg.Go(func() {
			defer close(ended)
			if err := p.runJob(ctx, c, list); err != nil {
				b.Error(err)
			}
		})
		n := 0
		for ; !isClosed(ended); n++ {
			busy = append(busy, single(n))
		}
		wg.Wait()
		if n%2 == 1 {
			single(n)
		}
		if err := p.floor.reset(ctx, list, int64(left), false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op") // all together, and no use
	for name, times := range map[string][]time.Duration{"idle": idle, "busy": busy} {
		slices.Sort(times)
		b.ReportMetric(float64(median(times).Microseconds())/1000, name+"-p50-ms")
		b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, name+"-p99-ms")
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
