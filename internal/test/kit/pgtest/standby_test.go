package pgtest_test

import (
	"testing"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// What a primary with a synchronous standby has committed is kept when both change roles, again and
// again.
func TestStandbysFailOver(t *testing.T) {
	t.Parallel()
	a := start(t, pgtest.Options{})
	exec1(t, connect(t, a.URL("postgres")), "CREATE TABLE sim (id serial)")
	b, err := a.Standby("b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, b) })
	both := pgtest.Address("postgres", a, b)
	for i, turn := range []struct {
		primary, standby *pgtest.Cluster
		name             string
	}{{a, b, "b"}, {b, a, "a"}} {
		if err := turn.primary.Synchronous(withTimeout(t), turn.name); err != nil {
			t.Fatal(err)
		}
		exec1(t, connect(t, both), "INSERT INTO sim DEFAULT VALUES")
		if err := turn.primary.Stop(pgtest.Kill); err != nil {
			t.Fatal(err)
		}
		if err := turn.standby.Promote(); err != nil {
			t.Fatal(err)
		}
		if n := scalar[int](t, connect(t, both), "SELECT count(*) FROM sim"); n != i+1 {
			t.Errorf("%d SIMs after turn %d", n, i)
		}
		if err := turn.standby.Synchronous(withTimeout(t), ""); err != nil {
			t.Fatal(err)
		}
		if err := turn.primary.Follow(turn.standby, "a"); err != nil {
			t.Fatal(err)
		}
	}
}
