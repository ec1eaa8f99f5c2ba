package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// If the connection is lost just before or after the commit, the migration happens once and its
// caller gets a success.
func TestLostCommit(t *testing.T) {
	for name, cut := range map[string]pgproxy.Cut{"before": pgproxy.BeforeCommit, "after": pgproxy.AfterCommit} {
		t.Run(name, func(t *testing.T) {
			proxy := pgproxy.Start(t, kit.Postgres.FerryURL(t))
			s := kit.StartOn(t, proxy.URL(), kit.NewClock())
			admin := s.As("admin@example.com")
			for i, send := range []func(object) *kit.Answer{
				func(o object) *kit.Answer { return admin.Post(migration, o) },
				func(o object) *kit.Answer { return keyed(admin, "k", o) },
			} {
				from := int64(kit.FirstSpareSIM + 100*i)
				proxy.CutNext(cut)
				a := send(realRun(migrationTo(kit.FleetFR, ids(from, 100)...)))
				wantMigration(t, a, ids(from, 100)...)
				if a.Header.Get("Idempotent-Replayed") != "" {
					t.Error("the first response is marked as a replay")
				}
				if proxy.Cuts() != i+1 {
					t.Errorf("%d commits were cut", proxy.Cuts())
				}
				entry := decodeBody[api.Migration](t, admin.Get(a.Header.Get("Location")), http.StatusOK)
				if entry.SIMCount != 100 || entry.SIMs[0].ID != from {
					t.Errorf("Location is of another entry: %+v", entry)
				}
			}
			if n := s.Rows("SELECT count(*) FROM ledger WHERE kind = 1")[0][0]; n != int64(2) {
				t.Errorf("%v entries for two migrations", n)
			}
			s.CheckInvariants()
		})
	}
}

// With a network that drops everything, each request ends in time with a 503 and a Retry-After,
// and its key is free.
func TestDatabaseSilent(t *testing.T) {
	url := kit.Postgres.FerryURL(t)
	proxy := pgproxy.Start(t, url)
	s := kit.StartOn(t, proxy.URL(), kit.NewClock())
	direct := kit.StartOn(t, url, s.Clock)
	repeated := httptest.NewServer(httpapi.New(s.Control, httpx.Options{Log: discard, RequestTimeout: 300 * time.Millisecond}))
	defer repeated.Close()
	admin, patient := s.As("admin@example.com"), s.URL
	digest := identity.WireDigest(kit.Password)
	direct.Untouched("a request that the database does not answer", func() {
		proxy.Freeze()
		defer proxy.Resume()
		s.URL = repeated.URL
		for _, send := range []func() *kit.Answer{
			func() *kit.Answer { return admin.Get("/api/v1/sim?per_page=1") },
			func() *kit.Answer { return admin.Patch(simURL(kit.ActivatedSIM), toStatus(2)) },
			func() *kit.Answer { return keyed(admin, "k", migrationTo(kit.FleetFR, kit.IssuedSIM)) },
			func() *kit.Answer { return keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))) },
			func() *kit.Answer {
				return s.Anonymous().Post(authenticate, object{"username": "admin@example.com", "password": digest})
			},
		} {
			a := send()
			if got := decodeBody[api.Error](t, a, http.StatusServiceUnavailable); got.ErrorToken != "Unavailable" || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %v %+v", a.Request, a.Header, got)
			}
		}
	})
	s.URL = patient
	wantMigration(t, keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), kit.IssuedSIM)
}

// While the database is away, a migration is a 503 with a Retry-After; nothing changes, and its
// key is free.
func TestDatabaseAway(t *testing.T) {
	url := kit.Postgres.FerryURL(t)
	proxy := pgproxy.Start(t, url)
	s := kit.StartOn(t, proxy.URL(), kit.NewClock())
	direct := kit.StartOn(t, url, s.Clock)
	admin := s.As("admin@example.com")
	direct.Untouched("a run without a database", func() {
		proxy.Sever(true)
		for _, o := range []object{migrationTo(kit.FleetFR, kit.IssuedSIM), realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))} {
			a := keyed(admin, "k", o)
			if got := decodeBody[api.Error](t, a, http.StatusServiceUnavailable); got.ErrorToken != "Unavailable" || a.Header.Get("Retry-After") == "" {
				t.Errorf("%v %+v", a.Header, got)
			}
		}
		proxy.Sever(false)
	})
	wantMigration(t, keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), kit.IssuedSIM)
}
