package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// Sizes of the pieces in which PastMigrations and FleetGroups are read. Each is a snapshot of its
// own, so that a long walk does not keep SQLite's log from being truncated.
const (
	pastEntries = 5000
	pastLines   = 20_000
	fleetSIMs   = 50_000
)

// LedgerSpan is the part of the ledger that a what-if reads: the migrations with ids above After
// and up to Last, at or after Since.
type LedgerSpan struct {
	After, Last fleet.MigrationID
	Since       time.Time
	LastSIM     fleet.SIMID // the greatest id of a SIM
}

// spanMargin is by how much the times of ledger entries may be out of the order of their ids.
const spanMargin = time.Hour

// LedgerSpan finds the migrations since a time.
func (tx *Tx) LedgerSpan(ctx context.Context, since time.Time) (s LedgerSpan, err error) {
	s.Since = since
	err = tx.batch(
		ctx,
		statement{"SELECT m.id FROM ledger m WHERE m.at < $1 ORDER BY m.at DESC, m.id DESC LIMIT 1", []any{micros(since.Add(-spanMargin))}, func(r rows) error { return r.Scan(&s.After) }},
		statement{"SELECT COALESCE(MAX(m.id), 0) FROM ledger m", nil, func(r rows) error { return r.Scan(&s.Last) }},
		statement{"SELECT COALESCE(MAX(s.id), 0) FROM sims s", nil, func(r rows) error { return r.Scan(&s.LastSIM) }},
	)
	return s, err
}

// PastMigrations reads the next migrations of a span, with their SIMs grouped by the facts that
// rules ask about. It reads a bounded number of ledger lines, and returns the span that is left.
func (tx *Tx) PastMigrations(ctx context.Context, s LedgerSpan, c fleet.RuleColumns) (list []fleet.PastMigration, rest LedgerSpan, err error) {
	list, rest, err = tx.pastHeads(ctx, s, c)
	if err != nil || len(list) == 0 {
		return nil, rest, err
	}
	at := make(map[fleet.MigrationID]*fleet.PastMigration, len(list))
	ids := make([]int64, len(list))
	for i := range list {
		at[list[i].ID], ids[i] = &list[i], int64(list[i].ID)
	}
	q := groupQuery{w: where{tx: tx}}
	q.column("l.status_before", c.Status)
	q.column("CASE WHEN l.device_before IS NULL THEN 0 ELSE 1 END", c.Attached)
	q.facts(c, `COALESCE((SELECT MAX(p.at) FROM ledger_lines b JOIN ledger p ON p.id = b.ledger_id
		WHERE b.sim_id = l.sim_id AND b.version < l.version AND p.kind = `+migrationEntry+`), 0)`)
	from := "ledger_lines l"
	if c.Model || c.Issuer || c.Batch {
		from += " JOIN sims s ON s.id = l.sim_id"
	}
	q.w.and(q.w.in("l.ledger_id", arrayParam(tx, ids)))
	text := q.text("l.ledger_id, l.workspace_before, l.workspace_after", from)
	err = tx.queryEach(ctx, text, q.w.args, func(r rows) error {
		var id fleet.MigrationID
		var g fleet.SIMGroup
		err := q.scan(r, &g, &id, &g.Source, &g.Target)
		at[id].Groups = append(at[id].Groups, g)
		return err
	})
	return list, rest, err
}

// pastHeads reads the next migrations of a span without their SIMs: as many as have pastLines
// lines together, and at least one.
func (tx *Tx) pastHeads(ctx context.Context, s LedgerSpan, c fleet.RuleColumns) (list []fleet.PastMigration, rest LedgerSpan, err error) {
	job := "0"
	if c.Request {
		job = fmt.Sprintf(`COALESCE((SELECT CAST(SUM(n.sims) AS BIGINT) FROM job_entries e JOIN job_counts n ON n.job_id = e.job_id
			WHERE e.ledger_id = m.id AND n.verdict <> %d), 0)`, fleet.VerdictNotFound)
	}
	text := "SELECT m.id, m.at, m.sims, " + job + " FROM ledger m WHERE m.kind = " + migrationEntry + ` AND m.id > $1 AND m.id <= $2
		ORDER BY m.id LIMIT ` + fmt.Sprint(pastEntries)
	rest = s
	lines, found, full := 0, 0, false
	err = tx.queryEach(ctx, text, []any{int64(s.After), int64(s.Last)}, func(r rows) error {
		var m fleet.PastMigration
		var at int64
		if err := r.Scan(&m.ID, &at, &m.SIMs, &m.Request); err != nil {
			return err
		}
		if full = full || len(list) > 0 && lines+m.SIMs > pastLines; full {
			return nil
		}
		found++
		rest.After = m.ID
		m.At, m.Request = fromMicros(at), max(m.Request, m.SIMs)
		if !m.At.Before(s.Since) {
			list, lines = append(list, m), lines+m.SIMs
		}
		return nil
	})
	if !full && found < pastEntries {
		rest.After = s.Last
	}
	return list, rest, err
}

// Done reports whether every migration of the span has been read.
func (s LedgerSpan) Done() bool { return s.After >= s.Last }

// FleetGroups reads the next SIMs after an id, grouped by the facts that rules ask about. It
// returns the last id that it has read, 0 after the last SIM.
func (tx *Tx) FleetGroups(ctx context.Context, after fleet.SIMID, c fleet.RuleColumns) (list []fleet.SIMGroup, last fleet.SIMID, err error) {
	const next = "SELECT COALESCE(MAX(k.id), 0) FROM (SELECT s.id FROM sims s WHERE s.id > $1 ORDER BY s.id LIMIT $2) k"
	if _, err := tx.queryRow(ctx, next, []any{int64(after), fleetSIMs}, &last); err != nil || last == 0 {
		return nil, 0, err
	}
	q := groupQuery{w: where{tx: tx}}
	q.column("s.status", c.Status)
	q.column("CASE WHEN s.device_id IS NULL THEN 0 ELSE 1 END", c.Attached)
	q.facts(c, `COALESCE((SELECT MAX(p.at) FROM ledger_lines b JOIN ledger p ON p.id = b.ledger_id
		WHERE b.sim_id = s.id AND p.kind = `+migrationEntry+`), 0)`)
	q.w.and("s.id > " + q.w.arg(int64(after)) + " AND s.id <= " + q.w.arg(int64(last)) + " AND s.status <> " + deletedSIM)
	err = tx.queryEach(ctx, q.text("s.workspace_id", "sims s"), q.w.args, func(r rows) error {
		var g fleet.SIMGroup
		err := q.scan(r, &g, &g.Source)
		list = append(list, g)
		return err
	})
	return list, last, err
}

// groupQuery is a query that groups SIMs by the facts that rules ask about.
type groupQuery struct {
	w       where
	columns []string
	asked   []bool // status, attached, model, issuer, batch, moved
}

func (q *groupQuery) column(text string, asked bool) {
	q.asked = append(q.asked, asked)
	if asked {
		q.columns = append(q.columns, text)
	}
}

func (q *groupQuery) facts(c fleet.RuleColumns, moved string) {
	q.column("s.model_id", c.Model)
	q.column("s.issuer_id", c.Issuer)
	q.column("COALESCE(s.bic, '')", c.Batch)
	q.column(moved, c.Moved)
}

// text returns the query: keys, then the columns, then the number of SIMs.
func (q *groupQuery) text(keys, from string) string {
	columns := strings.Join(append([]string{keys}, q.columns...), ", ")
	n := strings.Count(keys, ",") + 1 + len(q.columns)
	places := make([]string, n)
	for i := range places {
		places[i] = fmt.Sprint(i + 1)
	}
	return "SELECT " + columns + ", count(*) FROM " + from + " WHERE " + q.w.String() + " GROUP BY " + strings.Join(places, ", ")
}

func (q *groupQuery) scan(r rows, g *fleet.SIMGroup, keys ...any) error {
	var attached int
	var moved int64
	for i, to := range []any{&g.Status, &attached, &g.Facts.Model, &g.Facts.Issuer, &g.Facts.Batch, &moved} {
		if q.asked[i] {
			keys = append(keys, to)
		}
	}
	err := r.Scan(append(keys, &g.SIMs)...)
	g.Attached, g.Facts.Moved = attached == 1, fromMicros(moved)
	return err
}

// OthersWait reports whether transactions of this process wait for a connection.
func (s *Store) OthersWait() bool {
	l, is := s.engine.(*lanes)
	return is && (l.reads.Waiting() > 0 || l.writes.Waiting() > 0)
}
