package bench

import (
	"database/sql"
	"log/slog"
	"maps"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx of database/sql

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// jobRows are the tables that a job adds rows to.
var jobRows = []string{
	"ledger", "ledger_lines", "ledger_sides", "events", "audit", "audit_places", "sim_tally_changes",
	"jobs", "job_sides", "job_parts", "job_sims", "job_counts", "job_effects", "job_entries",
}

// TestJobFloorChangesTheSameRows runs a job and its floor, and compares how many rows each adds to
// each table: a floor that leaves out what the product must write would be too low.
func TestJobFloorChangesTheSameRows(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			if engine.name != "sqlite" {
				pgtest.SkipIfShort(t)
			}
			p := engine.open(t, 3000)
			c, err := control.New(t.Context(), p.store, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			list := ids(1, planSize+chunk/2) // two parts, and a chunk that is not full
			ours := p.added(t, func() error { return p.runJob(t.Context(), c, list) })
			if err := p.floor.reset(t.Context(), list, int64(left), false); err != nil {
				t.Fatal(err)
			}
			floor, is := p.floor.(jobFloor)
			if !is {
				t.Fatal("this engine has no floor of jobs")
			}
			bare := p.added(t, func() error { return floor.job(t.Context(), list, int64(left), int64(right)) })
			if !maps.Equal(ours, bare) {
				t.Errorf("a job adds %v, its floor %v", ours, bare)
			}
			if ours["job_sims"] != len(list) || ours["ledger_lines"] != len(list) {
				t.Errorf("a job of %d SIMs adds %v", len(list), ours)
			}
		})
	}
}

// added counts the rows that a function adds to the tables of jobs.
func (p *place) added(t *testing.T, do func() error) map[string]int {
	t.Helper()
	if f, is := p.floor.(sqliteSQL); is {
		return addedIn(t, f.other, do)
	}
	db, err := sql.Open("pgx", p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	return addedIn(t, db, do)
}

func addedIn(t *testing.T, db *sql.DB, do func() error) map[string]int {
	t.Helper()
	rows := func() map[string]int {
		counts := make(map[string]int)
		for _, table := range jobRows {
			var n int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			counts[table] = n
		}
		return counts
	}
	before := rows()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	after := rows()
	for table := range after {
		after[table] -= before[table]
	}
	return after
}
