package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// BenchmarkBigLists measures every filter and sort of the lists, on LIST_SIMS SIMs (100,000 if
// unset), half as many migrations, with three lines per two SIMs, half as many audit entries and
// devices, as many events as lines, and two jobs of all SIMs among LIST_SIMS/100 jobs:
// one has done nearly all, and one very few. It marks what
// takes longer than 100 ms.
func BenchmarkBigLists(b *testing.B) {
	n := storetest.SizeOf(b, "LIST_SIMS", 100_000)
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		b.Run(name, func(b *testing.B) {
			url := newURL(b)
			s := open(b, url, store.Options{})
			storetest.Load(b, s)
			began := time.Now()
			fillLists(b, url, s.Dialect(), n)
			_, _ = fmt.Fprintf(os.Stderr, "%s: filled in %.0f s\n", name, time.Since(began).Seconds())
			began = time.Now()
			for more := true; more; {
				var err error
				if more, err = s.FoldLists(b.Context(), 1); err != nil {
					b.Fatal(err)
				}
			}
			_, _ = fmt.Fprintf(os.Stderr, "%s: counted in %.0f s\n", name, time.Since(began).Seconds())
			for b.Loop() {
				text := ""
				for _, c := range bigLists(n) {
					text += measureList(b, s, c)
				}
				_, _ = os.Stderr.WriteString(text + "\n") // the log of a benchmark is short
			}
		})
	}
}

func fillLists(b testing.TB, url string, d store.Dialect, n int) {
	b.Helper()
	db := rawSQL(b, url)
	series := func(first, last int) string {
		if d == store.Postgres {
			return fmt.Sprintf("generate_series(%d::bigint, %d::bigint) AS g (n)", first, last)
		}
		return fmt.Sprintf("(WITH RECURSIVE g (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) g", first, last)
	}
	over := ""
	if d == store.Postgres {
		over = "OVERRIDING SYSTEM VALUE"
	}
	digits := func(width int) string {
		if d == store.Postgres {
			return fmt.Sprintf("lpad(g.n::text, %d, '0')", width)
		}
		return fmt.Sprintf("printf('%%0%dd', g.n)", width)
	}
	for _, text := range []string{
		`INSERT INTO sims (id, iccid, eid, imsi, msisdn, status, workspace_id, issuer_id, produced_at, version, seal)
		SELECT g.n, '8988303' || ` + digits(12) + `, '8904' || ` + digits(10) + `, '29505' || ` + digits(10) + `, '42366' || ` + digits(10) + `,
			g.n % 3, 100, 1, 1700000000000000 + g.n * 1000000, 1, 1 FROM ` + series(1_000_001, 1_000_000+n),
		`INSERT INTO ledger (id, uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta, reference) ` + over + `
		SELECT g.n, 'bulk ' || g.n, 1, 1700000000000000 + g.n * 1000000, 1, 200, 3, 0, 0, 0, 'T-' || g.n FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT CASE WHEN g.n % 3 = 0 THEN 300 ELSE 100 END, g.n, 0, 3 FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT CASE WHEN g.n % 3 = 1 THEN 300 ELSE 200 END, g.n, 1, 3 FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO devices (id, workspace_id, name, status, created_at, imei, ip_address, tags) SELECT g.n, 100, 'device ' || g.n, g.n % 3 / 2 * 2, 1700000000000000 + g.n * 1000000, '35' || ` + digits(13) + `,
			'10.0.0.' || g.n, 'a,b' FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO events (id, at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description) ` + over + `
		SELECT g.n, 1700000000000000 + g.n * 1000000, g.n % 60, 2, 0, 100 + g.n % 2 * 100, 1 + g.n % 2, 1000001 + g.n % ` + fmt.Sprint(n) + `, 1000001 + g.n % ` + fmt.Sprint(n/2) + `, NULL, '' FROM ` + series(1_000_001, 1_000_000+n*3/2),
		`INSERT INTO audit (id, at, actor, user_id, address, request_id, action, code, subject, subject_id, detail, places) ` + over + `
		SELECT g.n, 1700000000000000 + g.n * 1000000, 1, 1, '192.0.2.1', 'r' || g.n, 'migrated', 0, 'migration', g.n, '{}', '100,200' FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO audit_places (workspace_id, audit_id) SELECT 100, g.n FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO audit_places (workspace_id, audit_id) SELECT 200, g.n FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO users (id, username, name, status, super_admin, password_hash, session_epoch, created_at)
		SELECT g.n, 'user' || g.n || '@example.com', 'User ' || g.n, 1, 0, '', 0, 1700000000000000 + g.n * 1000000 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO memberships (user_id, workspace_id, status) SELECT g.n, 100, 1 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO workspaces (id, name, type, status, country, parent_id, created_at)
		SELECT g.n, 'Workspace ' || g.n, 4, 1, 'DE', 1, 1700000000000000 + g.n * 1000000 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO application_tokens (id, workspace_id, description, status, cidr, created_at) SELECT g.n, 100, 't', 0, '', 1700000000000000 + g.n * 1000000 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO profiles (kind, id, workspace_id, name) SELECT 0, g.n, 100, 'Profile ' || g.n FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after)
		SELECT 1000001 + g.n % ` + fmt.Sprint(n) + `, 1 + g.n / ` + fmt.Sprint(n) + `, 1000001 + g.n / 3, 1 + g.n % 3, 100, 200, 0, 0 FROM ` + series(0, n*3/2-1),
		`INSERT INTO jobs (id, kind, state, details, user_id, workspace_id, target_id, options, selection, reference, reason, etag, digest, created_at, part, position, done, wave, version, attempt, lease_owner, lease_until) ` + over + `
		SELECT g.n, 'migration', 'completed', '{}', 1, 100, 200, '{}', '{}', 'T-' || g.n, '', '', '', 1700000000000000 + g.n * 1000000, 0, 0, 1, 1, 1, 1, '', 0 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO job_sides (workspace_id, job_id, side) SELECT 100, g.n, 0 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO job_sides (workspace_id, job_id, side) SELECT 200, g.n, 1 FROM ` + series(1_000_001, 1_000_000+n/100),
		`INSERT INTO job_entries (job_id, ledger_id) SELECT 1000000 + g.n % ` + fmt.Sprint(max(n/100, 1)) + `, 1000000 + g.n FROM ` + series(1, n/2),
		`INSERT INTO job_sims (job_id, pos, sim_id, line, version, source_id, verdict) SELECT 1000007, g.n, g.n, 1, 1, 100, CASE WHEN g.n % 1000 = 0 THEN 2 ELSE 1 END FROM ` + series(1_000_001, 1_000_000+n),
		`INSERT INTO job_sims (job_id, pos, sim_id, line, version, source_id, verdict) SELECT 1000008, g.n, g.n, 1, 1, 100, 2 FROM ` + series(1_000_001, 1_000_000+n),
		`UPDATE job_sims SET verdict = 1 WHERE job_id = 1000008 AND pos IN (SELECT l.sim_id FROM job_entries e JOIN ledger_lines l ON l.ledger_id = e.ledger_id WHERE e.job_id = 1000008)`,
		`UPDATE jobs SET cursor = ` + fmt.Sprint(1_000_000+n) + ` WHERE id IN (1000007, 1000008)`,
		`INSERT INTO job_counts (job_id, workspace_id, verdict, sims) SELECT job_id, 100, verdict, count(*) FROM job_sims WHERE job_id IN (1000007, 1000008) GROUP BY 1, 3`,
		"DELETE FROM sim_tally", "DELETE FROM sim_tally_changes",
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims) SELECT workspace_id, 1, status, id >> 10, count(*) FROM sims GROUP BY 1, 3, 4`,
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims) SELECT -issuer_id, 1, 0, id >> 10, count(*) FROM sims GROUP BY 1, 4`,
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims) SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 GROUP BY 1, 3, 4`,
	} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatalf("%s: %v", text, err)
		}
	}
	if d == store.Postgres {
		if _, err := db.ExecContext(b.Context(), "VACUUM ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
}

type bigList struct {
	name string
	run  func(context.Context, *store.Tx) (total int, err error)
}

// bigFilters returns the values of filters that are not numbers.
func bigFilters(n int) map[string]string {
	number := 1_000_000 + n/2 - 7
	return map[string]string{
		"id": fmt.Sprint(number), "iccid": fmt.Sprintf("8988303%012d", number), "iccid_with_luhn": fleet.ICCID(fmt.Sprintf("8988303%012d", number)).WithLuhn(),
		"imsi": fmt.Sprintf("29505%010d", number), "msisdn": fmt.Sprintf("42366%010d", number), "eid": fmt.Sprintf("8904%010d", number), "status": "1",
		"endpoint": "1000007", "sim": "1000007", "customer_org": "100", "issuer_org": "1", "reseller_org": "null", "model": "1",
		"user": "1", "target_workspace": "200", "source_workspace": "100", "reference": fmt.Sprintf("T-%d", number), "organisation": "100", "imei": fmt.Sprintf("35%013d", number), "ip_address": fmt.Sprintf("10.0.0.%d", number),
		"name": "device 10000", "username": "user10000", "tags": "a", "migration": "1000007", "job": "1000007", "state": "completed", "kind": "migration", "from": "2023-11-25", "until": "2023-11-27",
		"alert": "true", "satellite_capable": "true", "country": "DE",
	}
}

// bigRun reads a page of a list, and returns its total.
type bigRun func(ctx context.Context, tx *store.Tx, l fleet.List) (total int, err error)

func runOf[T any](read func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[T], error)) bigRun {
	return func(ctx context.Context, tx *store.Tx, l fleet.List) (int, error) {
		p, err := read(ctx, tx, l)
		return p.Total, err
	}
}

// bigLists returns all filters and sorts of the lists.
func bigLists(n int) (found []bigList) {
	filters := bigFilters(n)
	one := func(name string, spec fleet.ListSpec, q, sort, page string, run bigRun) {
		found = append(found, bigList{fmt.Sprintf("%s q=%s sort=%s page=%s", name, q, sort, page), func(ctx context.Context, tx *store.Tx) (int, error) {
			l, err := fleet.ParseList(spec, q, sort, page, "100")
			if err != nil {
				return 0, err
			}
			return run(ctx, tx, l)
		}})
	}
	add := func(name string, spec fleet.ListSpec, run bigRun) {
		one(name, spec, "", "", "", run)
		one(name, spec, "", "", fmt.Sprint(n/400), run)
		for _, f := range spec.Fields {
			value := filters[f.Name]
			if value == "" {
				value = map[fleet.FieldKind]string{fleet.TimeField: "2023-11-26"}[f.Kind]
			}
			if value == "" {
				value = "1"
			}
			if !f.NoFilter {
				one(name, spec, f.Name+":"+value, "", "", run)
			}
			if !f.NoSort {
				one(name, spec, "", f.Name, "", run)
				one(name, spec, "", "-"+f.Name, "", run)
			}
		}
	}
	for _, ws := range []fleet.Workspace{{ID: 100, Name: "fleet", Type: fleet.Enterprise}, {ID: 1, Name: "issuer", Type: fleet.MobileNetworkOperator}} {
		add("SIMs of "+ws.Name, fleet.SIMList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[fleet.SIM], error) {
			return tx.SIMs(ctx, ws, l)
		}))
	}
	for name, caller := range map[string]store.Caller{"one Workspace": {}, "two Workspaces": {User: storetest.Admin}, "SuperAdmin": {User: 9, SuperAdmin: true}} {
		add("migrations, "+name, fleet.MigrationList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[fleet.Migration], error) {
			return tx.Migrations(ctx, caller, 100, l)
		}))
	}
	for name, caller := range map[string]store.Caller{"one Workspace": {}, "two Workspaces": {User: storetest.Admin}} {
		add("jobs, "+name, fleet.JobList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[fleet.Job], error) {
			return tx.Jobs(ctx, caller, 100, l)
		}))
		for id, job := range map[fleet.JobID]string{1_000_007: "many done", 1_000_008: "few done"} {
			for _, verdicts := range [][]fleet.Verdict{nil, {fleet.VerdictPlanned}, {fleet.VerdictDone}, {fleet.VerdictRefused}, {fleet.VerdictPlanned, fleet.VerdictRefused, fleet.VerdictDrifted}} {
				found = append(found, bigList{fmt.Sprintf("SIMs of a job, %s, %s: %s", name, job, verdicts), func(ctx context.Context, tx *store.Tx) (int, error) {
					j, _, err := tx.Job(ctx, caller, 100, id, false)
					if err != nil {
						return 0, err
					}
					sims, err := tx.JobSIMsAfter(ctx, caller, 100, store.JobSIMPage{Job: j, Verdicts: verdicts, Most: 1000})
					return len(sims), err
				}})
			}
		}
	}
	found = append(found, bigList{"history of a SIM", func(ctx context.Context, tx *store.Tx) (int, error) {
		moves, err := tx.Moves(ctx, 1000007)
		return len(moves), err
	}})
	for name, of := range map[string]store.EventsOf{"events": {}, "events of a user": {User: 1}, "events of a SIM": {SIM: 1000007}} {
		add(name, fleet.EventList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[store.EventRecord], error) {
			return tx.Events(ctx, 100, of, l)
		}))
	}
	add("audit", fleet.AuditList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[store.AuditRecord], error) {
		return tx.AuditEntries(ctx, 100, l)
	}))
	add("devices", fleet.DeviceList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[fleet.Device], error) {
		return tx.DevicePage(ctx, 100, l)
	}))
	add("users", fleet.UserList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[store.Member], error) {
		return tx.Members(ctx, 100, l)
	}))
	add("profiles", fleet.ProfileList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[fleet.Profile], error) {
		return tx.Profiles(ctx, 100, fleet.ServiceProfile, l)
	}))
	add("application tokens", fleet.ApplicationTokenList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[store.ApplicationToken], error) {
		return tx.ApplicationTokens(ctx, 100, l)
	}))
	add("all Workspaces", fleet.OperatorWorkspaceList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[fleet.Workspace], error) {
		return tx.WorkspacePage(ctx, l)
	}))
	add("all users", fleet.OperatorUserList, runOf(func(ctx context.Context, tx *store.Tx, l fleet.List) (fleet.Page[store.UserRecord], error) {
		return tx.UserPage(ctx, l)
	}))
	return found
}

// measureList measures a list and formats the best of three times.
func measureList(b *testing.B, s *store.Store, c bigList) string {
	b.Helper()
	best, total := time.Hour, 0
	var refused error
	for range 3 {
		began := time.Now()
		err := s.View(b.Context(), func(tx *store.Tx) (err error) {
			total, err = c.run(b.Context(), tx)
			return err
		})
		if err != nil && fleet.CodeOf(err) == 0 {
			b.Fatalf("%s: %v", c.name, err)
		}
		refused = err
		best = min(best, time.Since(began))
	}
	word := ""
	if best > 100*time.Millisecond {
		word = "SLOW "
	}
	return fmt.Sprintf("\n%s%6.1f ms %s: %d, %v", word, float64(best.Microseconds())/1000, c.name, total, refused)
}
