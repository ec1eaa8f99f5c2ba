package store

import (
	"context"
	"errors"
	"time"
)

// Reader reads any table of one transaction. Only package fsck, which checks whole databases,
// may use it: the program's statements are methods of Tx.
type Reader struct{ tx *Tx }

// Row is the present row of a query.
type Row interface{ Scan(dest ...any) error }

// Reader returns the reader of the transaction's snapshot.
func (tx *Tx) Reader() Reader { return Reader{tx} }

// QueryEach calls scan once per row of a query.
func (s Reader) QueryEach(ctx context.Context, query string, args []any, scan func(Row) error) error {
	return s.tx.queryEach(ctx, query, args, func(r rows) error { return scan(r) })
}

// QueryRow scans the first row of a query; found is false if there is none.
func (s Reader) QueryRow(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	return s.tx.queryRow(ctx, query, args, dest...)
}

// Now returns the instant of the transaction.
func (s Reader) Now() time.Time { return s.tx.now }

// Dialect returns the engine of the database.
func (s Reader) Dialect() Dialect { return s.tx.d }

// AuditMark reads the mark of the last linking of the audit log.
func (s Reader) AuditMark(ctx context.Context) (AuditMark, bool, error) { return s.tx.auditMark(ctx) }

// FreshSchema passes a new SQLite database in memory to read, with the schema of this program.
func FreshSchema(ctx context.Context, read func(Reader) error) (err error) {
	steps, err := loadSteps(SQLite)
	if err != nil {
		return err
	}
	db, err := openPool(":memory:")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // each connection would have its own database
	if err := steps.apply(ctx, db, false); err != nil {
		return err
	}
	return read(Reader{&Tx{q: sqlQuerier{db}, d: SQLite}})
}
