package load

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/faults"
)

// Entry is one row of the ledger: one transaction that changed SIMs.
type Entry struct {
	ID     int64
	Kind   int
	At     time.Time // when its transaction began
	User   int64
	Target int64
	SIMs   int
	Lines  []Line // in their order

	attempt *Attempt // that made it
}

// Line is one SIM of an entry.
type Line struct {
	SIM, Version, From, To, Was, Is, Unplugged, Plugged int64
}

// The kinds of entries that a client can make.
const (
	migrationEntry = 1
	statusEntry    = 2
	attachEntry    = 3
	detachEntry    = 4
)

// Entries reads the ledger from the database itself, not through the program.
func Entries(ctx context.Context, database string) ([]*Entry, error) {
	db, err := Database(database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // it was only read
	list, err := entries(ctx, db)
	if err != nil {
		return nil, err
	}
	return list, lines(ctx, db, list)
}

// Database opens a database directly, without the servers.
func Database(database string) (*sql.DB, error) {
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		return sql.Open("sqlite", store.SQLiteWriterDSN(file))
	}
	return sql.Open("pgx", database)
}

// AwaitChain waits until a server has linked every audit entry into the chain, which happens
// every second. Only linked entries can be checked.
func AwaitChain(ctx context.Context, database string, limit time.Duration) error {
	db, err := Database(database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // it was only read
	for began, left := time.Now(), 1; left > 0; faults.Pause(ctx, 20*time.Millisecond) {
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM audit WHERE seq IS NULL").Scan(&left); err != nil {
			return err
		}
		if time.Since(began) > limit {
			return fmt.Errorf("I12: %d entries of the audit log are not in its chain after %v", left, limit)
		}
	}
	return nil
}

func entries(ctx context.Context, db *sql.DB) (list []*Entry, err error) {
	rows, err := db.QueryContext(ctx, "SELECT id, kind, at, COALESCE(user_id, 0), COALESCE(target_id, 0), sims FROM ledger ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err reports a failure
	for rows.Next() {
		e, at := &Entry{}, int64(0)
		if err := rows.Scan(&e.ID, &e.Kind, &at, &e.User, &e.Target, &e.SIMs); err != nil {
			return nil, err
		}
		e.At = time.UnixMicro(at)
		list = append(list, e)
	}
	return list, rows.Err()
}

func lines(ctx context.Context, db *sql.DB, list []*Entry) error {
	of := make(map[int64]*Entry, len(list))
	for _, e := range list {
		of[e.ID] = e
	}
	rows, err := db.QueryContext(ctx, `SELECT ledger_id, sim_id, version, workspace_before, workspace_after, status_before, status_after,
		COALESCE(device_before, 0), COALESCE(device_after, 0) FROM ledger_lines ORDER BY ledger_id, ordinal`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err reports a failure
	for rows.Next() {
		var l Line
		var id int64
		if err := rows.Scan(&id, &l.SIM, &l.Version, &l.From, &l.To, &l.Was, &l.Is, &l.Unplugged, &l.Plugged); err != nil {
			return err
		}
		if e := of[id]; e != nil { // fsck reports lines without an entry
			e.Lines = append(e.Lines, l)
		}
	}
	return rows.Err()
}
