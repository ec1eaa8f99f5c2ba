// Package dbcheck looks at databases directly, without the servers and, except for fsck, without
// the store: harnesses use it to judge what servers have stored.
package dbcheck

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/faults"
)

// Open opens a database for reading and writing.
func Open(url string) (*sql.DB, error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", store.SQLiteWriterDSN(file))
	}
	return sql.Open("pgx", url)
}

// OpenReadOnly opens a database for reading.
func OpenReadOnly(url string) (*sql.DB, error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", "file:"+file+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	}
	return sql.Open("pgx", url)
}

// Queryer is a database or a transaction.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Each calls row for each row that a query returns.
func Each(ctx context.Context, db Queryer, query string, row func(scan func(...any) error) error, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err reports a failure
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// AwaitChain waits until a server has linked every audit entry into the chain, which happens
// every second. Only linked entries can be checked.
func AwaitChain(ctx context.Context, url string, limit time.Duration) error {
	db, err := Open(url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // read-only
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
