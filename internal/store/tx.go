package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Tx is one transaction. Its methods are the statements of the program.
type Tx struct {
	q           querier
	d           Dialect
	now         time.Time
	writes      bool  // of an Update
	unsure      bool  // an earlier attempt may have been committed
	most        int   // how many rows a list may go through
	failed      error // of the first statement that failed: the transaction must not commit
	preselected *preselected
	rules       *ruleCache
	written     []entryCount // of the ledger
	repeated    bool         // an earlier attempt was committed, so this one writes nothing
}

// Now returns the instant of the transaction: the same for everything that it writes.
func (tx *Tx) Now() time.Time { return tx.now }

// querier is one connection, inside a transaction or not.
type querier interface {
	query(ctx context.Context, sql string, args ...any) (rows, error)
	exec(ctx context.Context, sql string, args ...any) (affected int64, err error)
}

// rows is the common part of sql.Rows and pgx.Rows.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// queryEach calls scan once per row of a query.
func (tx *Tx) queryEach(ctx context.Context, sql string, args []any, scan func(rows) error) error {
	r, err := tx.q.query(ctx, sql, storable(args)...)
	if err != nil {
		return tx.recordErr(err)
	}
	defer r.Close()
	for r.Next() {
		if err := scan(r); err != nil {
			return err
		}
	}
	return tx.recordErr(r.Err())
}

// statement is a query and the function for each of its rows.
type statement struct {
	text string
	args []any
	scan func(rows) error
}

// batchSnapshot runs statements on the snapshot of a View that has read nothing yet, and ends the
// snapshot: later statements see a later instant. On PostgreSQL it takes one round trip in
// total.
func (tx *Tx) batchSnapshot(ctx context.Context, statements ...statement) error {
	return tx.sendTogether(ctx, (*pgQuerier).pipeline, statements)
}

// batch runs statements in order; each sees what is committed when it begins. On PostgreSQL it
// takes one round trip.
func (tx *Tx) batch(ctx context.Context, statements ...statement) error {
	return tx.sendTogether(ctx, (*pgQuerier).batch, statements)
}

// sendTogether runs statements on SQLite one by one, and on PostgreSQL with send.
func (tx *Tx) sendTogether(ctx context.Context, send func(*pgQuerier, context.Context, []statement) error, statements []statement) error {
	for _, s := range statements {
		s.args = storable(s.args)
	}
	if t, ok := tx.q.(tracedQuerier); ok {
		if q, ok := t.querier.(*pgQuerier); ok {
			traced, report := t.traced(statements)
			defer report()
			return tx.recordErr(send(q, ctx, traced))
		}
	}
	if q, ok := tx.q.(*pgQuerier); ok {
		return tx.recordErr(send(q, ctx, statements))
	}
	for _, s := range statements {
		if err := tx.queryEach(ctx, s.text, s.args, s.scan); err != nil {
			return err
		}
	}
	return nil
}

// locking returns a statement whose rows are not read.
func locking(text string, args ...any) statement {
	return statement{text, args, func(rows) error { return nil }}
}

// queryRow scans the first row of a query; found is false if there is none.
func (tx *Tx) queryRow(ctx context.Context, sql string, args []any, dest ...any) (found bool, err error) {
	err = tx.queryEach(ctx, sql, args, func(r rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	})
	return found, err
}

func (tx *Tx) exec(ctx context.Context, sql string, args ...any) error {
	_, err := tx.execRows(ctx, sql, args...)
	return err
}

// execRows executes a statement and returns the number of affected rows.
func (tx *Tx) execRows(ctx context.Context, sql string, args ...any) (rows int64, err error) {
	rows, err = tx.q.exec(ctx, sql, storable(args)...)
	return rows, tx.recordErr(err)
}

// recordErr records that a statement failed. PostgreSQL then refuses to commit, SQLite would commit
// the rest; Update makes both refuse.
func (tx *Tx) recordErr(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// storable replaces what PostgreSQL does not accept in texts: NUL and invalid UTF-8. Input such
// as a user name at sign-in may contain them. It applies to both engines, so that they behave
// alike.
func storable(args []any) []any {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = clean(text)
		}
	}
	return args
}

func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// dialectSQL chooses the text for the engine and fills in its placeholders.
func (tx *Tx) dialectSQL(sqlite, postgres string, fill ...any) string {
	text := sqlite
	if tx.d == Postgres {
		text = postgres
	}
	if len(fill) == 0 {
		return text
	}
	return fmt.Sprintf(text, fill...)
}

// arrayParam makes a slice into one parameter: an array for PostgreSQL, JSON for SQLite.
func arrayParam[T any](tx *Tx, values []T) any {
	if tx.d == Postgres {
		return values
	}
	text, _ := json.Marshal(values) //nolint:errchkjson // numbers and strings only: cannot fail
	return string(text)
}

// numberArrayParam returns a parameter for hundreds of numbers: PostgreSQL parses the text of an
// array faster than the driver encodes the values one by one.
func numberArrayParam[T any](tx *Tx, values []T, write func([]byte, T) []byte) any {
	if tx.d != Postgres {
		return arrayParam(tx, values)
	}
	text := make([]byte, 0, 2+20*len(values))
	text = append(text, '{')
	for i, v := range values {
		if i > 0 {
			text = append(text, ',')
		}
		text = write(text, v)
	}
	return string(append(text, '}'))
}

// micros converts a time to its stored form.
func micros(t time.Time) int64 { return t.UnixMicro() }

// fromMicros converts the result of micros back; 0 is the zero time.
func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// orNull converts zero ("none") to NULL.
func orNull[T ~int64](v T) any {
	if v == 0 {
		return nil
	}
	return int64(v)
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func bytesOrNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
