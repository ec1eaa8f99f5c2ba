package bench

import (
	"context"
	"database/sql"
	"testing"

	_ "modernc.org/sqlite" // the same driver as the product's

	"github.com/simferry/simferry/internal/store"
)

// floor does the least work that any implementation must do, as the baseline of the benchmarks.
type floor interface {
	// move changes the rows that a migration of the SIMs changes: SIMs, ledger, events.
	move(ctx context.Context, ids []int64, from, to int64) error
	// read selects the columns that the answer to a dry run shows, and encodes them.
	read(ctx context.Context, iccids []string) error
	// reset moves the SIMs back into the Workspace without any record, so that each turn starts
	// from the same state. With busy, they are activated and in devices.
	reset(ctx context.Context, ids []int64, in int64, busy bool) error
}

// sqliteSQL is the floor on SQLite. It resets through a second connection, so that the page cache
// of the first is cold at the beginning of a turn, like that of the store.
type sqliteSQL struct {
	db      *sql.DB
	other   *sql.DB // resets, and checkpoints
	commits *int
}

func sqliteFloor(b testing.TB, file string) floor {
	b.Helper()
	f := sqliteSQL{commits: new(int)}
	for _, db := range []**sql.DB{&f.db, &f.other} {
		opened, err := sql.Open("sqlite", store.SQLiteWriterDSN(file))
		if err != nil {
			b.Fatal(err)
		}
		opened.SetMaxOpenConns(1)
		b.Cleanup(func() { _ = opened.Close() })
		*db = opened
	}
	return f
}

// checkpointEvery is how many commits of the store are between two checkpoints. The floor of jobs
// does as many.
const checkpointEvery = 16

// committed counts a commit, and copies the write-ahead log after every checkpointEvery.
func (f sqliteSQL) committed(ctx context.Context) error {
	if *f.commits++; *f.commits%checkpointEvery != 0 {
		return nil
	}
	return f.checkpoint(ctx)
}

func (f sqliteSQL) checkpoint(ctx context.Context) error {
	_, err := f.other.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return err
}

func (f sqliteSQL) tx(ctx context.Context, do func(*sql.Tx) error) error {
	return within(ctx, f.db, do)
}

func within(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
