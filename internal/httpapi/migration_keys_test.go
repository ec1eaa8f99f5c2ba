package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// The same request with the same key, twenty times concurrently: one effect, and every caller
// who need not wait gets the same response.
func TestSameKeyAtOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		for round := range 4 {
			key, o := fmt.Sprint("round ", round), realRun(migrationTo(kit.FleetFR, ids(int64(kit.FirstSpareSIM+100*round), 100)...))
			answers := concurrently(20, func(int) *kit.Answer { return keyed(admin, key, o) })
			first := onlyFirst(t, answers)
			wantReplay(t, first, keyed(admin, key, o))
			entries := s.Rows(fmt.Sprintf("SELECT DISTINCT ledger_id FROM ledger_lines WHERE sim_id BETWEEN %d AND %d", 1000+100*round, 1099+100*round))
			if len(entries) != 1 || first.Header.Get("Location") != fmt.Sprint("/api/v1/migration/", entries[0][0]) {
				t.Errorf("entries %v, Location %s", entries, first.Header.Get("Location"))
			}
		}
		s.CheckInvariants()
	})
}

// onlyFirst finds the answer of the request that took effect: the others are replays, or must
// wait.
func onlyFirst(t *testing.T, answers []*kit.Answer) (first *kit.Answer) {
	t.Helper()
	for _, a := range answers {
		if a.Status == http.StatusOK && a.Header.Get("Idempotent-Replayed") == "" {
			if first != nil {
				t.Fatal("two requests took effect")
			}
			first = a
		}
	}
	if first == nil {
		t.Fatalf("none took effect: %d %s", answers[0].Status, answers[0].Body)
	}
	for _, a := range answers {
		switch {
		case a == first:
		case a.Status == http.StatusConflict:
			if a.Header.Get("Retry-After") != "1" || !bytes.Contains(a.Body, []byte("still running")) {
				t.Errorf("409: %v %s", a.Header, a.Body)
			}
		default:
			wantReplay(t, first, a)
		}
	}
	return first
}

// Different requests with one key concurrently: one gets the key, the others are refused.
func TestKeyOfManyRequestsAtOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		answers := concurrently(12, func(i int) *kit.Answer { return keyed(admin, "k", realRun(migrationTo(kit.FleetFR, int64(1000+i)))) })
		won := 0
		for _, a := range answers {
			switch a.Status {
			case http.StatusOK:
				won++
			case http.StatusUnprocessableEntity:
				wantKeyReused(t, a)
			case http.StatusConflict:
				if a.Header.Get("Retry-After") == "" {
					t.Errorf("409 without Retry-After: %s", a.Body)
				}
			default:
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		}
		if moved := s.Rows(fmt.Sprintf("SELECT count(*) FROM sims WHERE workspace_id = %d AND id >= 1000", kit.FleetFR)); won != 1 || moved[0][0] != int64(1) {
			t.Errorf("%d requests won, %v SIMs moved", won, moved[0][0])
		}
		s.CheckInvariants()
	})
}

// Keys are compared exactly: case, inner blanks and inner quotes count.
func TestKeysAreExact(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		_, admin := startFerry(t, e)
		keys := []string{"k", "K", "k ", "k k", "k  k", `"k`, `k"k`, "%6b", "k'--", "k\\", `""k""`, strings.Repeat("~", 255), "!"}
		keys[2] = `"k "` // a bare one would lose its blank in transit
		for i, key := range keys {
			a := keyed(admin, key, realRun(migrationTo(kit.FleetFR, int64(1000+i))))
			wantMigration(t, a, int64(1000+i))
		}
		for i, key := range keys {
			if a := keyed(admin, key, realRun(migrationTo(kit.FleetFR, int64(1000+i)))); a.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("key %q: %d %s", key, a.Status, a.Body)
			}
		}
		two := admin.With("Idempotency-Key", "a")
		two.Header["Idempotency-Key"] = []string{"a", "b"}
		wantBadRequest(t, two.Post(migration, realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), "Idempotency-Key: send it once")
	})
}

// A key survives the server, and works on another one over the same database.
func TestKeyOnAnotherServer(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		first := keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))).Is(http.StatusOK)
		second := kit.StartOn(t, s.DB, s.Clock)
		wantReplay(t, first, keyed(second.As("admin@example.com"), "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))))
	})
}
