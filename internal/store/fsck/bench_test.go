package fsck_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
)

// BenchmarkFsck checks a fleet of FSCK_SIMS SIMs (20,000 if unset) with one migration of 500
// for every 500, and an audit log of FSCK_AUDIT entries (none if unset), all linked.
func BenchmarkFsck(b *testing.B) {
	n := storetest.SizeOf(b, "FSCK_SIMS", 20_000)
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		b.Run(name, func(b *testing.B) {
			url := newURL(b)
			full := open(b, url, store.Options{})
			storetest.LoadMany(b, full, n)
			audit(b, full, storetest.SizeOf(b, "FSCK_AUDIT", 0))
			s, err := store.Inspect(b.Context(), url, store.Options{}) // like the fsck command
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
	r, err := fsck.Run(ctx, tx)
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

// audit writes entries and links them, like a server.
func audit(b *testing.B, s *store.Store, n int) {
	b.Helper()
	const batch = 1000
	entries := make([]fleet.AuditEntry, batch)
	for i := range entries {
		entries[i] = fleet.AuditEntry{
			Workspaces: []fleet.WorkspaceID{storetest.FleetDE}, Actor: fleet.ActorUser, User: storetest.Admin, Address: "192.0.2.1",
			RequestID: "7b0c9f3e-6d6e-4f39-9d5c-0c7f3b1a2d4e", Action: fleet.AuditSignedIn,
		}
	}
	for done := 0; done < n; done += batch {
		err := s.Update(b.Context(), func(tx *store.Tx) error {
			if err := tx.InsertAudit(b.Context(), entries[:min(batch, n-done)]...); err != nil {
				return err
			}
			_, err := tx.LinkAudit(b.Context(), batch)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
