package kit

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
	"github.com/simferry/simferry/internal/world"
)

// StartFerry runs a server over a fresh database with the world Ferry in it. It is Start and
// Seed for a fraction of the time: the world is made once per process and copied.
func StartFerry(t testing.TB, e Engine) *Server {
	t.Helper()
	return StartOn(t, e.FerryURL(t), NewClock())
}

// FerryURL returns the URL of a fresh database with the data of Ferry. A test that changes the
// schema takes Start and Seed instead: on PostgreSQL a later test gets the same database.
func (e Engine) FerryURL(t testing.TB) string {
	t.Helper()
	if e == SQLite {
		return "sqlite:" + ferryFile.copy(t)
	}
	const ferry = "ferry"
	pgtest.Template(t, ferry, func(url string) { fillFerry(t, url) })
	return pgtest.Reuse(t, ferry)
}

// fillFerry leaves no connection open, so that the database can be copied.
func fillFerry(t testing.TB, url string) {
	t.Helper()
	db := openStore(t, url, store.Options{Clock: NewClock().Now})
	defer db.close()
	w, err := world.Parse(strings.NewReader(Ferry))
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.New(t.Context(), db.Store, control.Options{Password: CheapPassword, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = operator.New(c).ApplyWorld(t.Context(), w)
	}
	if err != nil {
		t.Fatal(err)
	}
}
