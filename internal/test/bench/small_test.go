package bench

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// BenchmarkSmallWrites lets clients move one SIM each back and forth, over HTTP. The processor time
// includes that of the clients.
func BenchmarkSmallWrites(b *testing.B) {
	for _, engine := range engines {
		for _, clients := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/clients=%d", engine.name, clients), func(b *testing.B) {
				s := serveWith(b, engine.open(b, 10_000), httpx.Limits{PerCaller: 2 * clients}) // they are all one user
				s.smallWrites(b, clients)
			})
		}
	}
}

func (s *served) smallWrites(b *testing.B, clients int) {
	b.Helper()
	var m meter
	if pg, is := s.floor.(pgFloor); is {
		m.pool = pg.pool
	}
	s.client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: clients}}
	each := make([][]time.Duration, clients)
	run := func() error {
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				for n := i; n < b.N; n += clients {
					to := []fleet.WorkspaceID{right, left}[len(each[i])%2]
					began := time.Now()
					if err := s.migrate(b.Context(), request(iccids(1+i, 1), to, false)); err != nil {
						b.Error(err)
						return
					}
					each[i] = append(each[i], time.Since(began))
				}
			})
		}
		all.Wait()
		return nil
	}
	b.ResetTimer()
	began := time.Now()
	if err := m.metered(b.Context(), &m.ours, run)(); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	times := slices.Concat(each...)
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(times))/took.Seconds(), "moves/s")
	b.ReportMetric(times[len(times)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(m.ours.Seconds()*1000/float64(len(times)), "cpu-ms/move")
}
