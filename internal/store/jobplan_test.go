package store_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// manyVerdicts fills three jobs: of every ten SIMs of the second, two have failed and three are
// done. The third has done 20 SIMs, and the others were refused.
const manyVerdicts = `
	ALTER TABLE job_sims SET (autovacuum_enabled = off);
	INSERT INTO jobs (id, kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
		created_at, part, position, done, wave, version, attempt, lease_owner, lease_until)
	SELECT id, 'migration', 'running', '{}', 1, 100, 300, '{}', '{}', '', '', '', '', 0, 0, 0, 0, 0, 1, 0, '', 0 FROM generate_series(7, 9) id;
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT 7, n, n, 0, 100, 0 FROM generate_series(1, 20000) n;
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT 8, n, n, 0, 100, CASE n % 10 WHEN 0 THEN 2 WHEN 1 THEN 3 WHEN 2 THEN 1 WHEN 3 THEN 1 WHEN 4 THEN 1 ELSE 0 END FROM generate_series(1, 80000) n;
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT 9, n, n, 0, 100, CASE n % 4000 WHEN 0 THEN 1 ELSE 2 END FROM generate_series(1, 80000) n;
	INSERT INTO job_counts (job_id, workspace_id, verdict, sims) SELECT job_id, source_id, verdict, count(*) FROM job_sims GROUP BY 1, 2, 3;
	INSERT INTO job_entries (job_id, ledger_id) SELECT 9, 1000 + n FROM generate_series(1, 20) n;
	INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after)
	SELECT n * 4000, 9, 1000 + n, 1, 100, 300, 0, 0 FROM generate_series(1, 20) n`

// PostgreSQL reads no more of a large job than a page of it, with whatever statistics it has.
func TestPagesOfJobsAreNotSorted(t *testing.T) {
	url := postgresURL(t)
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	stale := []string{"ANALYZE job_sims; ANALYZE jobs", manyVerdicts, "ANALYZE job_sims"}
	for _, statement := range stale { // of an empty table, none, fresh ones
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if statement != stale[0] {
			readsPages(t, s)
		}
	}
}

// SQLite finds failed SIMs by their index, and few SIMs that are done by the ledger.
func TestPagesOfJobsAreIndexed(t *testing.T) {
	url := sqliteURL(t)
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	fillJobPages(t, url, s.Dialect())
	caller := store.Caller{User: storetest.Observer}
	for verdict, want := range map[fleet.Verdict]string{
		fleet.VerdictRefused: "job_sims_failed", fleet.VerdictDrifted: "job_sims_failed", fleet.VerdictDone: "ledger_lines_ledger", fleet.VerdictPlanned: "pos>?",
	} {
		var j fleet.Job
		err := s.View(t.Context(), func(tx *store.Tx) (err error) {
			j, _, err = tx.Job(t.Context(), caller, 0, 7, false)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		plans, err := store.Explained(t.Context(), s, 1000, func(tx *store.Tx) error {
			_, err := tx.JobSIMsAfter(t.Context(), caller, 0, store.JobSIMPage{Job: j, Verdicts: []fleet.Verdict{verdict}, Most: 7})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if p := plans[len(plans)-1]; !strings.Contains(strings.Join(p.Lines, "\n"), want) {
			t.Errorf("%s: no %s in the plan:\n%s\n%s", verdict, want, p.Text, strings.Join(p.Lines, "\n"))
		}
	}
}

func readsPages(t *testing.T, s *store.Store) {
	t.Helper()
	const most = 500
	caller, after := store.Caller{User: storetest.Admin}, int64(40_000)
	for name, read := range map[string]func(tx *store.Tx) error{
		"the next planned": func(tx *store.Tx) error {
			sims, err := tx.NextJobSIMs(t.Context(), fleet.Job{ID: 8, Begun: true, Cursor: after}, most)
			isPage(t, sims, err, most, after)
			return err
		},
		"the first planned": func(tx *store.Tx) error {
			sims, err := tx.NextJobSIMs(t.Context(), fleet.Job{ID: 8}, most)
			isPage(t, sims, err, most, 0)
			return err
		},
		"the next chunk": func(tx *store.Tx) error {
			sims, _, ok, err := tx.NextChunk(t.Context(), caller, fleet.Job{ID: 8, Begun: true, Cursor: after}, most)
			if !ok {
				t.Error("the chunk is not read in one statement")
			}
			isPage(t, sims, err, most, after)
			return err
		},
		"all":      page(t, caller, 8, most, store.JobSIMPage{After: &after, Most: most}),
		"done":     page(t, caller, 8, most, store.JobSIMPage{After: &after, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictDone}}),
		"drifted":  page(t, caller, 8, most, store.JobSIMPage{After: &after, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictDrifted}}),
		"failed":   page(t, caller, 8, most, store.JobSIMPage{After: &after, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictRefused, fleet.VerdictDrifted}}),
		"few done": page(t, caller, 9, 20, store.JobSIMPage{Most: most, Verdicts: []fleet.Verdict{fleet.VerdictDone}}),
		"no other": page(t, caller, 9, 0, store.JobSIMPage{Most: most, Verdicts: []fleet.Verdict{fleet.VerdictPlanned, fleet.VerdictDrifted, fleet.VerdictNotFound}}),
		"page two": page(t, caller, 8, most, store.JobSIMPage{Skip: most, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictRefused}}),
	} {
		plans, err := store.Executed(t.Context(), s, read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range plans {
			if n := mostRows(t, p); n > 5*most {
				t.Errorf("%s goes through %d rows for a page of %d:\n%s\n%s", name, n, most, p.Text, strings.Join(p.Lines, "\n"))
			}
		}
	}
}

func page(t *testing.T, caller store.Caller, id fleet.JobID, want int, p store.JobSIMPage) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		var err error
		if p.Job, _, err = tx.Job(t.Context(), caller, 100, id, false); err != nil {
			return err
		}
		sims, err := tx.JobSIMsAfter(t.Context(), caller, 100, p)
		after := int64(0)
		if p.After != nil {
			after = *p.After
		}
		isPage(t, sims, err, want, after)
		return err
	}
}

func isPage(t *testing.T, sims []fleet.JobSIM, err error, most int, after int64) {
	t.Helper()
	if err != nil || len(sims) != most {
		t.Errorf("%d SIMs, %v; want %d", len(sims), err, most)
		return
	}
	for _, sim := range sims {
		if sim.Pos <= after {
			t.Errorf("SIM at %d comes after %d", sim.Pos, after)
		}
		after = sim.Pos
	}
}

var actualRows = regexp.MustCompile(`actual rows=(\d+)|Rows Removed by Filter: (\d+)`)

// mostRows returns the largest number of rows that a part of a plan has returned or filtered out.
func mostRows(t *testing.T, p store.Plan) (most int) {
	t.Helper()
	for _, line := range p.Lines {
		for _, m := range actualRows.FindAllStringSubmatch(line, -1) {
			n, err := strconv.Atoi(m[1] + m[2])
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, n)
		}
	}
	return most
}
