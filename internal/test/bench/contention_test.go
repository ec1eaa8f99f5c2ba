package bench

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// BenchmarkTwoServers lets 64 clients of two servers on one PostgreSQL send the same 2,000
// SIMs back and forth, 500 a request. A request that comes too late is refused by the
// rules; a deadlock, or any answer but 200 and 409, fails the benchmark.
func BenchmarkTwoServers(b *testing.B) {
	const sims, clients = 2000, 64
	p := openPostgres(b, 10_000)
	second, err := store.Open(b.Context(), p.url, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = second.Close() })
	servers := []*served{serve(b, p), serve(b, &place{url: p.url, store: second})}
	var moved, refused atomic.Int64
	start := time.Now()
	b.SetParallelism(clients / 2) // times GOMAXPROCS, which is 2 on the measured machine
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s, body := servers[rand.IntN(2)], request(iccids(1+batch*rand.IntN(sims/batch), batch), []fleet.WorkspaceID{left, right}[rand.IntN(2)], false)
			switch err := s.migrate(b.Context(), body); {
			case err == nil:
				moved.Add(1)
			case strings.HasPrefix(err.Error(), "409 "):
				refused.Add(1)
			default:
				b.Error(err)
			}
		}
	})
	seconds := time.Since(start).Seconds()
	b.ReportMetric(float64(moved.Load())/seconds, "migrations/s")
	b.ReportMetric(float64(refused.Load())/seconds, "refused/s")
	if b.N > 100 && moved.Load() == 0 {
		b.Error("nothing moved: the benchmark has measured refusals only")
	}
}
