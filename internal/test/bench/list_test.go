package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// lists are the pages of 2,500 SIMs that BenchmarkLists requests, and the conditions by which bare
// SQL finds the same. If the product takes the total from the tally, the floor does not count
// either; otherwise both count.
var lists = []struct {
	name, q, where string
	count          bool
}{
	{"all", "", "", false},
	{"status", "status:2", "AND s.status = 2", false},
	{"prefix", "iccid:898830300000050", "AND s.iccid >= '898830300000050' AND s.iccid < '898830300000051'", true},
	{"unattached", "endpoint:null", "AND s.device_id IS NULL", true},
}

// BenchmarkLists reads pages of SIMs over HTTP beside bare SQL: one SELECT of the page, scanned
// into the wire types and encoded by encoding/json, and one of the total.
func BenchmarkLists(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			p := engine.open(b, 1_000_000)
			spread(b, p)
			s, db := serve(b, p), bare(b, p.url)
			for _, l := range lists {
				b.Run(l.name, func(b *testing.B) {
					query := "per_page=2500&q=" + url.QueryEscape(l.q)
					turns(b, func() error { return nil },
						func() error { return s.list(b.Context(), query) },
						func() error { return listBare(b.Context(), db, l.where, l.count) }, s.empty)
				})
			}
			b.Run("memory", func(b *testing.B) { s.listMemory(b) })
		})
	}
}

// spread suspends every eighth SIM, without ledger entries.
func spread(b *testing.B, p *place) {
	b.Helper()
	db := bare(b, p.url)
	for _, text := range []string{
		"UPDATE sims SET status = 2 WHERE id % 8 = 0", "DELETE FROM sim_tally",
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims) SELECT workspace_id, 1, status, id >> 10, count(*) FROM sims GROUP BY 1, 3, 4`,
		`INSERT INTO sim_tally (workspace_id, level, status, block, sims) SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 GROUP BY 1, 3, 4`,
		"ANALYZE",
	} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
}

// bare opens the database without the store, by the same driver.
func bare(b *testing.B, address string) *sql.DB {
	b.Helper()
	driver, name := "pgx", address
	if len(address) > 7 && address[:7] == "sqlite:" {
		driver, name = "sqlite", store.SQLiteWriterDSN(address[7:])
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

const bareColumns = `s.id, s.iccid, s.eid, s.imsi, s.msisdn, s.status, s.workspace_id, s.issuer_id, s.reseller_id, s.device_id, d.name, s.produced_at, s.activated_at, s.model_id`

func listBare(ctx context.Context, db *sql.DB, where string, count bool) error {
	condition := fmt.Sprintf("s.workspace_id = %d AND s.status <> 3 %s", left, where)
	if count {
		var total int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sims s WHERE "+condition).Scan(&total); err != nil {
			return err
		}
	}
	places, err := barePlaces(ctx, db)
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, "SELECT "+bareColumns+" FROM sims s LEFT JOIN devices d ON d.id = s.device_id WHERE "+condition+" ORDER BY s.id LIMIT 2500")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	page := make([]wire.SIM, 0, 2500)
	for rows.Next() {
		var s wire.SIM
		var ws, issuer, produced, model int64
		var reseller, device, activated sql.NullInt64
		var name sql.NullString
		if err := rows.Scan(&s.ID, &s.ICCID, &s.EID, &s.IMSI, &s.MSISDN, &s.Status.ID, &ws, &issuer, &reseller, &device, &name, &produced, &activated, &model); err != nil {
			return err
		}
		s.ICCIDWithLuhn = fleet.ICCID(s.ICCID).WithLuhn()
		s.Status.Description = fleet.SIMStatus(s.Status.ID).String()
		s.CustomerOrg, s.IssuerOrg, s.Model = places[ws], places[issuer], bareModel
		s.ProductionDate = wire.NewTime(time.UnixMicro(produced))
		if device.Valid {
			s.Endpoint = &wire.NamedRef{ID: device.Int64, Name: name.String}
		}
		page = append(page, s)
	}
	if err := rows.Err(); err != nil || len(page) == 0 {
		return fmt.Errorf("%d SIMs: %w", len(page), err)
	}
	_, err = json.Marshal(page)
	return err
}

var bareModel = wire.Model{
	ID: 1, Description: "Standard SIM", MemorySize: 128,
	FormFactor: wire.NamedRef{ID: 1, Name: "2FF/3FF/4FF"}, Manufacturer: wire.NamedRef{ID: 1, Name: "Unknown"},
}

func barePlaces(ctx context.Context, db *sql.DB) (map[int64]*wire.WorkspaceRef, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, name FROM workspaces")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	places := make(map[int64]*wire.WorkspaceRef)
	germany := &wire.Country{ID: 276, Name: "Germany", ISOCode: "de", MCC: "262", CountryCode: "49"}
	for rows.Next() {
		w := wire.WorkspaceRef{Country: germany}
		if err := rows.Scan(&w.ID, &w.Name); err != nil {
			return nil, err
		}
		places[w.ID] = &w
	}
	return places, rows.Err()
}

// listMemory walks over all pages of the fleet, and reports what the process allocates for one page
// and the largest size of its heap, measured after a garbage collection.
func (s *served) listMemory(b *testing.B) {
	b.Helper()
	runtime.GC()
	before, most := heap(), uint64(0)
	allocated := allocations()
	pages := 0
	for b.Loop() {
		pages++
		if err := s.list(b.Context(), fmt.Sprintf("per_page=2500&page=%d", pages%400+1)); err != nil {
			b.Fatal(err)
		}
		most = max(most, heap())
	}
	b.ReportMetric(float64(allocations()-allocated)/float64(pages)/(1<<20), "MiB/page")
	b.ReportMetric(float64(most-min(before, most))/(1<<20), "MiB-heap-growth")
}

func heap() uint64        { return sample("/memory/classes/heap/objects:bytes") }
func allocations() uint64 { return sample("/gc/heap/allocs:bytes") }

func sample(name string) uint64 {
	list := []metrics.Sample{{Name: name}}
	metrics.Read(list)
	return list[0].Value.Uint64()
}
