package bench

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

var ledgerLines = flag.Int("ledger-lines", 10_000_000, "lines of the ledger in BenchmarkWhatIf")

// The ledger of BenchmarkWhatIf: migrations of 50 SIMs between 200 Workspaces, in 89 days.
const (
	pastSize   = 50
	pastMoves  = 10 // of each SIM
	pastSpaces = 200
	firstSpace = 1000
)

// whatIfRules are the rule sets of BenchmarkWhatIf: what most installations ask, and every fact
// that costs a search in another table.
var whatIfRules = []struct{ name, rules string }{
	{"places", `{"id": "A", "effect": "refuse", "message": "m", "when": [{"status": [1], "source_country": ["DE"], "target_country_not": ["DE"]}]},
		{"id": "B", "effect": "require_approval", "message": "m", "when": [{"request_above": 40, "attached": true}, {"day_above": 2000}]}`},
	{"everything", `{"id": "A", "effect": "refuse", "message": "m", "when": [{"moved_within_days": 30, "model_not": [7], "issuer": [1], "batch_not": ["x"], "status": [1]}]},
		{"id": "B", "effect": "require_approval", "message": "m", "when": [{"request_above": 40}, {"day_above": 2000}, {"same_country": true}]}`},
}

// BenchmarkWhatIf asks what rules would have decided over ten million ledger lines and a fleet of
// a tenth as many SIMs. It reports the memory of the program; that of PostgreSQL does not count.
func BenchmarkWhatIf(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			p := engine.open(b, *ledgerLines/pastMoves)
			start := time.Now()
			if err := p.fillLedger(b.Context(), *ledgerLines); err != nil {
				b.Fatal(err)
			}
			b.Logf("%d ledger lines in %.0f s", *ledgerLines, time.Since(start).Seconds())
			c, err := control.New(b.Context(), p.store, control.Options{Password: cheap, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			for _, set := range whatIfRules {
				b.Run(set.name, func(b *testing.B) { askWhatIf(b, p, operator.New(c), set.rules) })
			}
		})
	}
}

func askWhatIf(b *testing.B, p *place, o operator.Operator, text string) {
	b.Helper()
	rules, err := fleet.ParseRules(0, []byte(`{"rules": [`+text+`]}`))
	if err != nil {
		b.Fatal(err)
	}
	m := meter{}
	if pg, is := p.floor.(pgFloor); is {
		m.pool = pg.pool
	}
	idle := idleHeap()
	most := idle
	var r fleet.WhatIfResult
	ask := m.metered(b.Context(), &m.ours, func() error {
		r, err = o.WhatIf(b.Context(), operator.WhatIf{Rules: rules, Progress: func(int) {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
		}})
		return err
	})
	for b.Loop() {
		if err := ask(); err != nil {
			b.Fatal(err)
		}
	}
	if r.Moved.SIMs < *ledgerLines*9/10 || r.Ledger.Candidate[fleet.RulingHold].SIMs == 0 {
		b.Fatalf("judged %+v: %+v", r.Moved, r.Ledger)
	}
	b.ReportMetric(m.ours.Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(float64(most-idle)/(1<<20), "MiB")
	b.ReportMetric(float64(r.Evaluated), "evaluations")
}

// fillLedger makes past migrations with bare SQL. They do not belong to the states of the SIMs.
func (p *place) fillLedger(ctx context.Context, lines int) error {
	const each = 10_000 // entries of a statement
	countries := `CASE id % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'FR' ELSE 'AT' END`
	now := time.Now().UnixMicro()
	entries := lines / pastSize
	blocks := entries / pastMoves // of SIMs that move together
	step := 89 * 24 * time.Hour.Microseconds() / int64(entries)
	series := func(from, to int) string { return fmt.Sprintf("generate_series(%d, %d) AS g (id)", from, to) }
	given := "OVERRIDING SYSTEM VALUE"
	if p.lite() {
		given = ""
		series = func(from, to int) string {
			return fmt.Sprintf("(WITH RECURSIVE g(id) AS (SELECT %d UNION ALL SELECT id + 1 FROM g WHERE id < %d) SELECT id FROM g) g", from, to)
		}
	}
	texts := []string{
		fmt.Sprintf(`INSERT INTO workspaces (id, name, type, status, country, created_at) SELECT id, 'Fleet ' || id, 4, 0, %s, 0 FROM %s`, countries, series(firstSpace, firstSpace+pastSpaces-1)),
	}
	const (
		source = "1000 + e.id % 200"
		target = "1000 + (e.id * 7 + 1 + e.id / 200 % 5) % 200"
	)
	for first := 1; first <= entries; first += each {
		heads := series(first, min(first+each-1, entries))
		texts = append(texts,
			fmt.Sprintf(`INSERT INTO ledger (id, uid, kind, at, target_id, sims, detach_devices, delta, ids_delta) %s
				SELECT 1000000 + e.id, 'past ' || e.id, 1, %d - (%d - e.id) * CAST(%d AS BIGINT), %s, %d, 1, 0, 0 FROM %s`, given, now, entries, step, target, pastSize, renamed(heads, "e")),
			fmt.Sprintf(`INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before)
				SELECT e.id * 7919 %% %d * %d + k.id, 1 + e.id / %d, 1000000 + e.id, k.id, %s, %s, k.id %% 3, 2, CASE WHEN k.id %% 10 = 0 THEN 1 END
				FROM %s CROSS JOIN %s`, blocks, pastSize, blocks, source, target,
				renamed(heads, "e"), renamed(series(1, pastSize), "k")))
	}
	return p.exec(ctx, append(texts, "ANALYZE")...)
}

func (p *place) lite() bool { return strings.HasPrefix(p.url, "sqlite:") }

func (p *place) exec(ctx context.Context, texts ...string) error {
	run := func(ctx context.Context, text string) error {
		floor, ok := p.floor.(pgFloor)
		if !ok {
			return fmt.Errorf("%T is not the floor of PostgreSQL", p.floor)
		}
		_, err := floor.pool.Exec(ctx, text)
		return err
	}
	if p.lite() {
		db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(p.url, "sqlite:")+"?_pragma=synchronous(OFF)&_pragma=cache_size(-400000)&_pragma=busy_timeout(5000)")
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		run = func(ctx context.Context, text string) error { _, err := db.ExecContext(ctx, text); return err }
	}
	for _, text := range texts {
		if err := run(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// renamed returns a series with another name.
func renamed(series, name string) string {
	if text, is := strings.CutSuffix(series, ") g"); is {
		return text + ") " + name
	}
	return strings.Replace(series, "AS g (", "AS "+name+" (", 1)
}
