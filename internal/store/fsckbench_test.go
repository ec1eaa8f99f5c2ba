package store_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// BenchmarkFsck checks a fleet of FSCK_SIMS SIMs (20,000 where unset) with one migration of
// 500 of them for each 500 that there are.
func BenchmarkFsck(b *testing.B) {
	n, _ := strconv.Atoi(os.Getenv("FSCK_SIMS"))
	if n == 0 {
		n = 20_000
	}
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		b.Run(name, func(b *testing.B) {
			url := newURL(b)
			storetest.LoadMany(b, open(b, url, store.Options{}), n)
			s, err := store.Inspect(b.Context(), url, store.Options{}) // as the command does
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			for b.Loop() {
				if err := s.View(b.Context(), func(tx *store.Tx) error { return logFsck(b.Context(), b, tx) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func logFsck(ctx context.Context, b *testing.B, tx *store.Tx) error {
	b.Helper()
	r, err := tx.Fsck(ctx)
	text := fmt.Sprintf("%.1f s:", r.Took.Seconds())
	for _, c := range r.Checks {
		text += fmt.Sprintf(" %s %.2f", c.Key, c.Took.Seconds())
	}
	b.Log(text)
	if err == nil && !r.OK() {
		b.Error("it is not sound")
	}
	return err
}
