package bench

import (
	"context"
	"database/sql"
	"testing"

	_ "modernc.org/sqlite" // the floor's driver is the product's

	"github.com/simferry/simferry/internal/store"
)

// floor is the work that no product could do without.
type floor interface {
	// move changes the rows that a migration of the SIMs changes: SIMs, ledger, events.
	move(ctx context.Context, ids []int64, from, to int64) error
	// read selects the columns that the answer to a dry run shows, and encodes them.
	read(ctx context.Context, iccids []string) error
	// reset puts the SIMs back into the Workspace without any record, with devices and
	// activated where wanted, so that the next turn finds what this one found.
	reset(ctx context.Context, ids []int64, in int64, busy bool) error
}

type sqliteSQL struct{ db *sql.DB }

func sqliteFloor(b *testing.B, file string) floor {
	b.Helper()
	db, err := sql.Open("sqlite", store.SQLiteWriterDSN(file))
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	return sqliteSQL{db}
}

func (f sqliteSQL) tx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
