package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

var large = flag.Int("large", 10_000_000, "SIMs of the large fleet in BenchmarkScale")

// BenchmarkScale asks the same of a fleet of 100 thousand SIMs and of one of ten million,
// all in one Workspace, in turns. What is called floor here is the small fleet.
func BenchmarkScale(b *testing.B) {
	small, big := scaled(b, 100_000), scaled(b, *large)
	last := fmt.Sprint(*large / 2000 * 4 / 5) // page 4,000 of ten million
	for _, c := range []struct{ name, big, small string }{
		{"page 1", "per_page=2000", "per_page=2000"},
		{"page " + last, "per_page=2000&page=" + last, "per_page=2000&page=40"},
		{"page 1 of 25", "per_page=25", "per_page=25"},
		{"page 4000 of 25", "per_page=25&page=4000", "per_page=25&page=4000"},
		{"by status", "per_page=2000&q=status:2", "per_page=2000&q=status:2"},
		{"by status, page 5", "per_page=2000&page=5&q=status:2", "per_page=2000&page=5&q=status:2"},
		{"by prefix", "per_page=2000&q=iccid:898830300000000", "per_page=2000&q=iccid:898830300000000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			turns(b, func() error { return nil },
				func() error { return big.list(b.Context(), c.big) },
				func() error { return small.list(b.Context(), c.small) }, nil)
		})
	}
	b.Run("migration", func(b *testing.B) { migrateBoth(b, small, big) })
}

func migrateBoth(b *testing.B, small, big *served) {
	b.Helper()
	ctx, list, body := b.Context(), ids(1, batch), request(iccids(1, batch), right, false)
	reset := func() error {
		if err := small.floor.reset(ctx, list, int64(left), false); err != nil {
			return err
		}
		return big.floor.reset(ctx, list, int64(left), false)
	}
	turns(b, reset,
		func() error { return big.migrate(ctx, body) },
		func() error { return small.migrate(ctx, body) }, nil)
}

func scaled(b *testing.B, size int) *served {
	b.Helper()
	start := time.Now()
	p := openCopied(b, size)
	b.Logf("%d SIMs in %.0f s", size, time.Since(start).Seconds())
	return serve(b, p)
}

func (s *served) list(ctx context.Context, query string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/sim?"+query, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || n < 1000) {
		err = fmt.Errorf("%s: %d bytes", resp.Status, n)
	}
	return err
}
