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

// manyVerdicts fills two jobs: of every ten SIMs of the second, two have failed and three are done.
const manyVerdicts = `
	ALTER TABLE job_sims SET (autovacuum_enabled = off);
	INSERT INTO jobs (id, kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
		created_at, part, position, done, wave, version, attempt, lease_owner, lease_until)
	SELECT id, 'migration', 'running', '{}', 1, 100, 300, '{}', '{}', '', '', '', '', 0, 0, 0, 0, 0, 1, 0, '', 0 FROM generate_series(7, 8) id;
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT 7, n, n, 0, 100, 0 FROM generate_series(1, 20000) n;
	INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
	SELECT 8, n, n, 0, 100, CASE n % 10 WHEN 0 THEN 2 WHEN 1 THEN 3 WHEN 2 THEN 1 WHEN 3 THEN 1 WHEN 4 THEN 1 ELSE 0 END FROM generate_series(1, 80000) n`

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

func readsPages(t *testing.T, s *store.Store) {
	t.Helper()
	const most = 500
	who, after := store.Caller{User: storetest.Admin}, int64(40_000)
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
		"all":      page(t, who, store.JobSIMPage{Job: 8, After: &after, Most: most}),
		"done":     page(t, who, store.JobSIMPage{Job: 8, After: &after, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictDone}}),
		"drifted":  page(t, who, store.JobSIMPage{Job: 8, After: &after, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictDrifted}}),
		"failed":   page(t, who, store.JobSIMPage{Job: 8, After: &after, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictRefused, fleet.VerdictDrifted}}),
		"page two": page(t, who, store.JobSIMPage{Job: 8, Skip: most, Most: most, Verdicts: []fleet.Verdict{fleet.VerdictRefused}}),
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

func page(t *testing.T, who store.Caller, p store.JobSIMPage) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		sims, err := tx.JobSIMsAfter(t.Context(), who, 100, p)
		after := int64(0)
		if p.After != nil {
			after = *p.After
		}
		isPage(t, sims, err, p.Most, after)
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
