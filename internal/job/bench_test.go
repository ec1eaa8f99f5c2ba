package job_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// BenchmarkJob plans and moves consecutive SIMs with one server.
func BenchmarkJob(b *testing.B) {
	const sims, first = 20_000, 100_000
	for _, e := range []kit.Engine{kit.SQLite, kit.Postgres} {
		b.Run(fmt.Sprint(e), func(b *testing.B) {
			s := kit.StartFerry(b, e)
			if _, err := s.Import(cards(first, sims)); err != nil {
				b.Fatal(err)
			}
			admin, targets := s.As("admin@example.com"), []int{kit.FleetUS, kit.FleetDE}
			for n := 0; b.Loop(); n++ {
				body := fmt.Sprintf(`{"target_workspace": {"id": %d}, "select": {"iccid_ranges": [{"start": "89883030000%08d", "end": "89883030000%08d"}]},
					"dry_run": false}`, targets[n%2], first, first+sims-1)
				admin.Post("/api/v1/migration_job", body).Is(http.StatusCreated)
				s.RunJobs()
			}
			b.ReportMetric(float64(sims)*float64(b.N)/b.Elapsed().Seconds(), "SIMs/s")
		})
	}
}
