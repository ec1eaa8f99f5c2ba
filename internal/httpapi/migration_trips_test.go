package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// A migration takes few round trips to the database, whatever the number of SIMs: with a
// millisecond between the two, each one is a millisecond.
func TestMigrationRoundTrips(t *testing.T) {
	proxy := pgproxy.Start(t, kit.Postgres.FerryURL(t))
	s := kit.StartOn(t, proxy.URL(), kit.NewClock())
	admin := s.As("admin@example.com")
	// Every statement has been prepared before anything is counted.
	for range 3 {
		admin.Post(migration, migrationTo(kit.FleetFR, ids(kit.FirstSpareSIM, 500)...)).Is(http.StatusOK)
		admin.Post(migration, realRun(migrationOfRange(kit.FleetDE, "8988303000000001001", "8988303000000001499"))).Is(http.StatusConflict)
		for _, target := range []int64{kit.FleetFR, kit.FleetDE} {
			keyed(admin, "warm "+string(rune('a'+target%7)), realRun(migrationTo(target, ids(kit.FirstSpareSIM, 500)...)))
			admin.Post(migration, realRun(migrationTo(target, ids(kit.FirstSpareSIM, 500)...)))
		}
	}
	trips := func(what string, want int64, send func() *kit.Answer) {
		t.Helper()
		before := proxy.RoundTrips()
		send().Is(http.StatusOK)
		n := proxy.RoundTrips() - before
		t.Logf("%s: %d round trips", what, n)
		if n != want {
			t.Errorf("%s takes %d round trips, want %d", what, n, want)
		}
	}
	many := ids(kit.FirstSpareSIM, 500)
	trips("a dry run of 500", 1, func() *kit.Answer { return admin.Post(migration, migrationTo(kit.FleetFR, many...)) })
	trips("a real run of 500", 5, func() *kit.Answer { return admin.Post(migration, realRun(migrationTo(kit.FleetFR, many...))) })
	trips("a real run of 1", 5, func() *kit.Answer { return admin.Post(migration, realRun(migrationTo(kit.FleetDE, 1000))) })
	trips("a real run of 499 by range", 5, func() *kit.Answer {
		return admin.Post(migration, realRun(migrationOfRange(kit.FleetDE, "8988303000000001001", "8988303000000001499")))
	})
	tag := previewed(admin, migrationTo(kit.FleetFR, many...))
	trips("a real run of 500 with If-Match", 5, func() *kit.Answer { return ifMatch(admin, tag, migrationTo(kit.FleetFR, many...)) })
	trips("a real run of 500 with a key", 7, func() *kit.Answer { return keyed(admin, "k", realRun(migrationTo(kit.FleetDE, many...))) })
	trips("its replay", 5, func() *kit.Answer { return keyed(admin, "k", realRun(migrationTo(kit.FleetDE, many...))) })
}
