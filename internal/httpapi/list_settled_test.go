package httpapi_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// feeds are the lists that clients poll, and statements that add one row to each.
var feeds = map[string][]string{
	"/api/v1/event": {"INSERT INTO events (at, type, source, severity, workspace_id, user_id, description) VALUES (1, 1, 2, 0, 100, 1, '')"},
	"/api/v1/audit": {`WITH a AS (INSERT INTO audit (at, actor, address, request_id, action, code, subject, subject_id, detail, places)
		VALUES (1, 1, '', '', 'sim.migrated', 0, '', '', '{}', '100') RETURNING id) INSERT INTO audit_places (workspace_id, audit_id) SELECT 100, id FROM a`},
	"/api/v1/migration": {`WITH m AS (INSERT INTO ledger (uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta)
		VALUES (gen_random_uuid()::text, 1, 1, 1, 100, 1, 0, 0, 0) RETURNING id)
		INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT 300 - 100 * k, id, k - 1, 1 FROM m, generate_series(1, 2) k`},
}

// TestContract_PollingMissesNothing: on PostgreSQL a lower id may be committed after a higher one.
// A client that polls with after sees every row once, in the order of the ids: the higher one
// waits until the transaction with the lower one has ended.
func TestContract_PollingMissesNothing(t *testing.T) {
	for path, add := range feeds {
		t.Run(path, func(t *testing.T) {
			s := kit.StartFerry(t, kit.Postgres)
			admin := s.As("admin@example.com")
			last, seen := int64(0), []int64{}
			poll := func() (n int) {
				var items []struct {
					ID int64 `json:"id"`
				}
				admin.Get(fmt.Sprintf("%s?sort=id&per_page=1000&after=%d", path, last)).Is(http.StatusOK).JSON(&items)
				for _, item := range items {
					last = item.ID
					seen = append(seen, item.ID)
				}
				return len(items)
			}
			poll()
			begun := len(seen)
			other, err := sql.Open("pgx", s.DB) // s.SQL has one connection
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = other.Close() }()
			slow, err := other.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = slow.Rollback() }() // unless it has committed
			for _, text := range add {
				if _, err := slow.ExecContext(t.Context(), text); err != nil {
					t.Fatal(err)
				}
				s.Exec(text)
			}
			if n := poll(); n != 0 {
				t.Errorf("%d rows are listed while one with a lower id is not committed", n)
			}
			if err := slow.Commit(); err != nil {
				t.Fatal(err)
			}
			if n := poll(); n != 2 || len(seen) != begun+2 || !slices.IsSorted(seen) {
				t.Errorf("%d rows after the commit, want 2: %v", n, seen)
			}
			if n := poll(); n != 0 {
				t.Errorf("%d rows are listed again", n)
			}
			slow, err = other.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range add {
				if _, err := slow.ExecContext(t.Context(), text); err != nil {
					t.Fatal(err)
				}
				s.Exec(text)
			}
			if err := slow.Rollback(); err != nil {
				t.Fatal(err)
			}
			if n := poll(); n != 1 {
				t.Errorf("%d rows after a rollback, want 1", n)
			}
		})
	}
}
