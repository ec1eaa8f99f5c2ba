package traffic

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

// Stored is what a database holds of the fleet's migrations.
type Stored struct {
	Entries    []Entry
	byLocation map[string]Entry
}

// Last returns the id of the latest migration; 0 if there is none.
func (s *Stored) Last() int64 {
	if len(s.Entries) == 0 {
		return 0
	}
	return s.Entries[len(s.Entries)-1].ID
}

// Entry is one migration of the ledger, of the user of this package.
type Entry struct {
	ID     int64
	Target int64
	SIMs   []int64 // ascending
	Key    string  // the idempotency key that it was done under
}

// Location returns the entry's path in a reply.
func (e Entry) Location() string { return fmt.Sprintf("/api/v1/migration/%d", e.ID) }

func (e Entry) what() string { return fmt.Sprint(e.Target, e.SIMs) }

const entriesQuery = `
	SELECT m.id, m.target_id, COALESCE(i.key, ''), l.sim_id
	FROM ledger m LEFT JOIN ledger_lines l ON l.ledger_id = m.id LEFT JOIN idempotency i ON i.ledger_id = m.id
	WHERE m.kind = 1 AND m.id > $1 AND m.user_id = 1 ORDER BY m.id, l.sim_id`

// Read reads what a database has after a ledger entry; 0 means all of it. It does not use the
// store: the tables themselves are the proof.
func Read(ctx context.Context, url string, after int64) (have *Stored, err error) {
	driver, dsn := "pgx", url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+file+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // it was only read
	rows, err := db.QueryContext(ctx, entriesQuery, after)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err reports a failure
	have = &Stored{byLocation: make(map[string]Entry)}
	for rows.Next() {
		var e Entry
		var sim sql.NullInt64
		if err := rows.Scan(&e.ID, &e.Target, &e.Key, &sim); err != nil {
			return nil, err
		}
		have.add(e, sim)
	}
	for _, e := range have.Entries {
		have.byLocation[e.Location()] = e
	}
	return have, rows.Err()
}

func (s *Stored) add(e Entry, sim sql.NullInt64) {
	if n := len(s.Entries); n == 0 || s.Entries[n-1].ID != e.ID {
		s.Entries = append(s.Entries, e)
	}
	if sim.Valid {
		last := &s.Entries[len(s.Entries)-1]
		last.SIMs = append(last.SIMs, sim.Int64)
	}
}

// DatabaseFaults runs fsck and describes its findings.
func DatabaseFaults(ctx context.Context, url string) (faults []string, err error) {
	s, err := store.Inspect(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }() // it was only looked at
	var report fsck.Report
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		report, err = fsck.Run(ctx, tx)
		return err
	})
	return Faults(report), err
}

// Faults describes what fsck found: one line per failed check.
func Faults(report fsck.Report) []string {
	var faults []string
	for _, c := range report.Checks {
		if c.OK() {
			continue
		}
		first := make([]string, 0, len(c.First))
		for _, f := range c.First {
			first = append(first, f.String())
		}
		faults = append(faults, fmt.Sprintf("%s: not so: %s: %d times, %.300s", c.Invariant, c.Name, c.Faults, strings.Join(first, "; ")))
	}
	slices.SortFunc(faults, cmp.Compare[string])
	return faults
}
