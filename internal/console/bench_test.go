package console_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// BenchmarkPages measures the pages of lists against the requests of the API that read the same
// rows, in turns: the ratio of their medians, and of their shortest times. SIMFERRY_BENCH_SIMS adds
// that many SIMs to the fleet.
func BenchmarkPages(b *testing.B) {
	more, _ := strconv.Atoi(os.Getenv("SIMFERRY_BENCH_SIMS")) // 0 if it is not set
	for _, e := range kit.Engines() {
		b.Run(string(e), func(b *testing.B) { benchmarkPages(b, e, more) })
	}
}

func benchmarkPages(b *testing.B, e kit.Engine, more int) {
	s := serveSite(b, kit.StartFerry(b, e), console.Options{})
	s.grow(more)
	s.fillLists()
	p := s.as(b, "admin@example.com")
	for _, c := range []struct{ name, page, api string }{
		{"sims", "/sims", "/api/v1/sim?per_page=25&sort=id"},
		{"sims-after", "/sims?after=1100", "/api/v1/sim?per_page=25&sort=id&after=1100"},
		{"sims-status", "/sims?status=0", "/api/v1/sim?per_page=25&sort=id&q=status:0"},
		{"sims-iccid", "/sims?sort=iccid", "/api/v1/sim?per_page=25&sort=iccid"},
		{"sims-search", "/sims?q=" + kit.ICCID(kit.AttachedSIM), "/api/v1/sim?per_page=25&sort=id&q=iccid:" + kit.ICCID(kit.AttachedSIM)},
		{"devices", "/devices", "/api/v1/endpoint?per_page=50&sort=-id"},
		{"ledger", "/ledger", "/api/v1/migration?per_page=25&sort=-id"},
		{"jobs", "/jobs", "/api/v1/migration_job?per_page=25&sort=-id"},
		{"offers", "/offers", "/api/v1/migration_offer?per_page=25&sort=-id"},
		{"rules", "/rules", "/api/v1/migration_rule"},
		{"audit", "/audit", "/api/v1/audit?per_page=50&sort=-id"},
		{"people", "/people", "/api/v1/user?per_page=50&sort=id"},
	} {
		b.Run(c.name, func(b *testing.B) {
			api, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.Server.URL+c.api, nil)
			if err != nil {
				b.Fatal(err)
			}
			api.Header.Set("Authorization", "Bearer "+s.As("admin@example.com").Token)
			page := p.request(http.MethodGet, c.page, nil)
			for _, req := range []*http.Request{page, api} {
				req.Header.Set("Accept-Encoding", "gzip") // and the client does not decompress the body
			}
			took := map[*http.Request][]time.Duration{}
			for range b.N {
				for _, req := range []*http.Request{page, api} {
					started := time.Now()
					res, err := p.http.Do(req.Clone(b.Context())) // the client adds cookies to it
					if err != nil {
						b.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					took[req] = append(took[req], time.Since(started))
					if res.StatusCode != http.StatusOK {
						b.Fatalf("%s: status %d", req.URL, res.StatusCode)
					}
				}
			}
			median := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2] }
			b.ReportMetric(float64(median(took[page]).Microseconds()), "µs/page")
			b.ReportMetric(float64(median(took[api]).Microseconds()), "µs/api")
			b.ReportMetric(float64(median(took[page]))/float64(median(took[api])), "median-ratio")
			b.ReportMetric(float64(took[page][0])/float64(took[api][0]), "min-ratio") // both are sorted now
		})
	}
}

// fillLists makes devices, moves and audit entries for more than one page.
func (s *site) fillLists() {
	s.T.Helper()
	admin := s.As("admin@example.com")
	for i := range 30 {
		admin.Post("/api/v1/endpoint", map[string]any{
			"name": fmt.Sprintf("meter-%04d", i), "status": map[string]any{"id": 0}, "service_profile": map[string]any{"id": 1}, "tariff_profile": map[string]any{"id": 1},
		}).Is(http.StatusCreated)
		s.move(kit.FleetFR, int64(kit.FirstSpareSIM+i))
	}
}

// grow imports SIMs into Fleet DE.
func (s *site) grow(sims int) {
	s.T.Helper()
	const batch = 20_000
	for done := 0; done < sims; done += batch {
		var text strings.Builder
		_, _ = text.WriteString("iccid,workspace,issuer,status\n")
		for i := done; i < min(sims, done+batch); i++ {
			_, _ = fmt.Fprintf(&text, "8988303%012d,%d,%d,issued\n", 1_000_000+i, kit.FleetDE, kit.Issuer)
		}
		if _, err := s.Import(text.String()); err != nil {
			s.T.Fatal(err)
		}
	}
}
