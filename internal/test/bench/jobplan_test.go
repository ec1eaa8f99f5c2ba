package bench

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/job"
)

// BenchmarkJobPlan measures the plan of a job that selects a whole Workspace with a filter, and the
// memory that it takes.
func BenchmarkJobPlan(b *testing.B) {
	const size = 1_000_000
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			p := engine.open(b, size)
			c, err := control.New(b.Context(), p.store, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			var m meter
			if pg, is := p.floor.(pgFloor); is {
				m.pool = pg.pool
			}
			most := idleHeap()
			idle := most
			plan := m.metered(b.Context(), &m.ours, func() error {
				n := control.NewJob{Kind: fleet.JobMigration, Target: right, Select: fleet.JobSelection{Filters: []fleet.JobFilter{{Workspace: left}}}}
				if _, err := c.CreateJob(b.Context(), caller, n, control.Write[fleet.Job]{Encoder: noJobEncoder{}}); err != nil {
					return err
				}
				done := make(chan error)
				go func() {
					r := job.Runner{Control: c, Owner: "bench", Log: slog.New(slog.DiscardHandler)}
					done <- r.RunDue(b.Context())
				}()
				for tick := time.NewTicker(10 * time.Millisecond); ; {
					select {
					case err := <-done:
						tick.Stop()
						return err
					case <-tick.C:
						var now runtime.MemStats
						runtime.ReadMemStats(&now)
						most = max(most, now.HeapInuse)
					}
				}
			})
			for b.Loop() {
				if err := plan(); err != nil {
					b.Fatal(err)
				}
			}
			page, err := c.ListJobs(b.Context(), caller, fleet.List{Page: 1, PerPage: 1, Sort: []fleet.Order{{Field: "id", Descending: true}}})
			if err != nil {
				b.Fatal(err)
			}
			if j := page.Items[0]; j.State != fleet.JobPlanned || j.Count() != size {
				b.Fatalf("the job is %s with %v", j.State, j.Counts)
			}
			b.ReportMetric(m.ours.Seconds()/float64(b.N), "cpu-s")
			b.ReportMetric(float64(most-idle)/(1<<20), "MiB")
		})
	}
}

// idleHeap returns the bytes of the heap that are in use after a collection.
func idleHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
