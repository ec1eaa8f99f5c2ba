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

// BenchmarkBigLists measures every filter and sort of the lists of SIMs and of migrations, on
// LIST_SIMS SIMs (100,000 if unset) and half as many migrations, with three lines per two
// SIMs. It logs what takes longer than 100 ms.
func BenchmarkBigLists(b *testing.B) {
	n := storetest.SizeOf(b, "LIST_SIMS", 100_000)
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		b.Run(name, func(b *testing.B) {
			url := newURL(b)
			s := open(b, url, store.Options{})
			storetest.Load(b, s)
			began := time.Now()
			fillLists(b, url, s.Dialect(), n)
			b.Logf("filled in %.0f s", time.Since(began).Seconds())
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
		`INSERT INTO ledger (id, uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta) ` + over + `
		SELECT g.n, 'bulk ' || g.n, 1, 1700000000000000 + g.n * 1000000, 1, 200, 3, 0, 0, 0 FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT 100, g.n, 0, 3 FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) SELECT 200, g.n, 1, 3 FROM ` + series(1_000_001, 1_000_000+n/2),
		`INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after)
		SELECT 1000001 + g.n % ` + fmt.Sprint(n) + `, 1 + g.n / ` + fmt.Sprint(n) + `, 1000001 + g.n / 3, 1 + g.n % 3, 100, 200, 0, 0 FROM ` + series(0, n*3/2-1),
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

// bigLists returns all filters and sorts of the lists.
func bigLists(n int) (found []bigList) {
	number := 1_000_000 + n/2
	filters := map[string]string{
		"id": fmt.Sprint(number), "iccid": fmt.Sprintf("8988303%012d", number), "iccid_with_luhn": fleet.ICCID(fmt.Sprintf("8988303%012d", number)).WithLuhn(),
		"imsi": fmt.Sprintf("29505%010d", number), "msisdn": fmt.Sprintf("42366%010d", number), "eid": fmt.Sprintf("8904%010d", number), "status": "1",
		"endpoint": "9001", "customer_org": "100", "issuer_org": "1", "reseller_org": "null", "production_date": "2023-11-20", "model": "1",
		"timestamp": "2023-11-20", "user": "1", "target_workspace": "200",
	}
	sims := func(ws fleet.Workspace, q, sort, page string) bigList {
		return bigList{fmt.Sprintf("SIMs of %s q=%s sort=%s page=%s", ws.Name, q, sort, page), func(ctx context.Context, tx *store.Tx) (int, error) {
			l, err := fleet.ParseList(fleet.SIMList, q, sort, page, "100")
			if err != nil {
				return 0, err
			}
			p, err := tx.SIMs(ctx, ws, l)
			return p.Total, err
		}}
	}
	for _, ws := range []fleet.Workspace{{ID: 100, Name: "fleet", Type: fleet.Enterprise}, {ID: 1, Name: "issuer", Type: fleet.MobileNetworkOperator}} {
		found = append(found, sims(ws, "", "", ""), sims(ws, "", "", fmt.Sprint(n/100/2)), sims(ws, "iccid:8988303", "", ""), sims(ws, "endpoint:null", "", ""))
		for _, f := range fleet.SIMList.Fields {
			found = append(found, sims(ws, f.Name+":"+filters[f.Name], "", ""), sims(ws, "", f.Name, ""), sims(ws, "", "-"+f.Name, ""),
				sims(ws, f.Name+":"+filters[f.Name], "msisdn", ""))
		}
	}
	migrations := func(who store.Caller, q, sort string) bigList {
		return bigList{fmt.Sprintf("migrations of user %d q=%s sort=%s", who.User, q, sort), func(ctx context.Context, tx *store.Tx) (int, error) {
			l, err := fleet.ParseList(fleet.MigrationList, q, sort, "", "100")
			if err != nil {
				return 0, err
			}
			p, err := tx.Migrations(ctx, who, 100, l)
			return p.Total, err
		}}
	}
	for _, who := range []store.Caller{{User: storetest.Admin}, {}, {User: 9, SuperAdmin: true}} {
		found = append(found, migrations(who, "", ""))
		for _, f := range fleet.MigrationList.Fields {
			found = append(found, migrations(who, f.Name+":"+filters[f.Name], ""), migrations(who, "", f.Name))
		}
	}
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
