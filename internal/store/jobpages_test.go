package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// jobPages fills a migration (job 7) and its undo (job 8), of 60 SIMs each. Up to the cursor, SIMs
// are done, refused, drifted or not found; after it, they are planned or refused.
var jobPages = []string{
	`INSERT INTO jobs (id, kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest,
		created_at, part, position, cursor, done, wave, version, attempt, lease_owner, lease_until)
		OVERRIDING SYSTEM VALUE VALUES (7, 'migration', 'paused', '{}', 1, 100, 200, '{}', '{}', '', '', '', '', 0, 0, 0, 30, 20, 0, 1, 0, '', 0),
		(8, 'undo', 'paused', '{}', 1, 100, NULL, '{}', '{}', '', '', '', '', 0, 0, 0, -30, 20, 0, 1, 0, '', 0)`,
	`INSERT INTO job_sides (workspace_id, job_id, side) VALUES (100, 7, 0), (200, 7, 1), (100, 8, 0)`,
	`INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
		SELECT 7, g.n, g.n, 0, CASE WHEN g.n % 11 = 0 THEN 300 ELSE 100 END,
			CASE WHEN g.n % 5 = 2 THEN 2 WHEN g.n <= 30 THEN CASE g.n % 5 WHEN 3 THEN 3 WHEN 4 THEN 4 ELSE 1 END ELSE 0 END FROM SERIES`,
	`INSERT INTO job_sims (job_id, pos, sim_id, version, source_id, verdict)
		SELECT 8, -g.n, g.n, 0, 100, CASE WHEN g.n % 5 = 2 THEN 2 WHEN g.n >= 30 THEN CASE g.n % 5 WHEN 3 THEN 3 ELSE 1 END ELSE 0 END FROM SERIES`,
	`INSERT INTO job_counts (job_id, workspace_id, verdict, sims) SELECT job_id, source_id, verdict, count(*) FROM job_sims GROUP BY 1, 2, 3`,
	`INSERT INTO job_entries (job_id, ledger_id) SELECT job_id, job_id * 1000 + sim_id FROM job_sims WHERE verdict = 1`,
	`INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after)
		SELECT sim_id, job_id, job_id * 1000 + sim_id, 1, 100, 200, 0, 0 FROM job_sims WHERE verdict = 1`,
}

// A page of any verdicts, from any position, has the SIMs that a scan of the job finds, whether the
// job has done few SIMs or many.
func TestPagesOfJobs(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.Load(t, s)
			fillJobPages(t, url, s.Dialect())
			for _, id := range []fleet.JobID{7, 8} {
				for _, caller := range []store.Caller{{User: storetest.Observer}, {User: 9, SuperAdmin: true}} {
					for _, most := range []int{1, 1000} {
						err := store.Bounded(t.Context(), s, most, func(tx *store.Tx) error { return comparePages(t, tx, caller, id) })
						if err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		})
	}
}

func fillJobPages(t *testing.T, url string, d store.Dialect) {
	t.Helper()
	db := rawSQL(t, url)
	for _, text := range jobPages {
		series := "generate_series(1, 60) AS g (n)"
		if d == store.SQLite {
			series = "(WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 60) SELECT n FROM g) g"
			text = strings.Replace(text, "OVERRIDING SYSTEM VALUE", "", 1)
		}
		if _, err := db.ExecContext(t.Context(), strings.Replace(text, "SERIES", series, 1)); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// comparePages reads a job in pages of 7 SIMs, for every set of verdicts, and compares them with
// the SIMs of a single page of all verdicts.
func comparePages(t *testing.T, tx *store.Tx, caller store.Caller, id fleet.JobID) error {
	t.Helper()
	j, found, err := tx.Job(t.Context(), caller, 0, id, false)
	if err != nil || !found {
		return fmt.Errorf("job %d: %v %w", id, found, err)
	}
	all, err := tx.JobSIMsAfter(t.Context(), caller, 0, store.JobSIMPage{Job: j, Most: 1000})
	if err != nil || len(all) != j.Count() || len(all) < 30 {
		return fmt.Errorf("%d SIMs of %d: %w", len(all), j.Count(), err)
	}
	for set := 1; set < 1<<5; set++ {
		var verdicts []fleet.Verdict
		for v := range fleet.Verdict(5) {
			if set>>v&1 == 1 {
				verdicts = append(verdicts, v)
			}
		}
		want := slices.DeleteFunc(slices.Clone(all), func(s fleet.JobSIM) bool { return !slices.Contains(verdicts, s.Verdict) })
		p := store.JobSIMPage{Job: j, Verdicts: verdicts, Most: 7}
		var got []fleet.JobSIM
		for more := true; more; {
			sims, err := tx.JobSIMsAfter(t.Context(), caller, 0, p)
			if err != nil {
				return err
			}
			if got = append(got, sims...); len(sims) > 0 {
				p.After = &sims[len(sims)-1].Pos
			}
			more = len(sims) == p.Most
		}
		if !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
			t.Errorf("job %d, verdicts %v: %d SIMs in pages, want %d", id, verdicts, len(got), len(want))
		}
		second, err := tx.JobSIMsAfter(t.Context(), caller, 0, store.JobSIMPage{Job: j, Verdicts: verdicts, Skip: 7, Most: 7})
		if wanted := want[min(7, len(want)):min(14, len(want))]; err != nil || len(second)+len(wanted) > 0 && !reflect.DeepEqual(second, wanted) {
			t.Errorf("job %d, verdicts %v: page two has %d SIMs, want %d: %v", id, verdicts, len(second), len(wanted), err)
		}
	}
	return nil
}
