package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/simferry/simferry/internal/dburl"
)

// copyBytes bounds the size of a batch, roughly; a batch has at least one row.
const copyBytes = 8 << 20

// copyEnd is one of the two databases of a copy.
type copyEnd struct {
	engine engine
	steps  steps
	db     copyDB
	pool   *sql.DB // SQLite's only connection, or the pool of db
	reads  copyReader
	file   string // of SQLite
	closes []func() error
}

type copyReader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

type copyDB interface {
	copyReader
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

func openCopyEnd(ctx context.Context, address string, target bool) (*copyEnd, error) {
	u, err := dburl.Parse(address)
	if err != nil {
		return nil, err
	}
	var e *copyEnd
	if u.SQLite() {
		e, err = openCopySQLite(ctx, u.File, target)
	} else {
		e, err = openCopyPostgres(ctx, address)
	}
	if err != nil {
		return nil, withoutUser(err)
	}
	if !target {
		if err := e.steps.exactly(ctx, e.pool); err != nil {
			return nil, errors.Join(withoutUser(err), e.close())
		}
	}
	return e, nil
}

// openCopySQLite opens a file with one connection. Its exclusive lock lasts until it is closed. It
// fails while another connection has the file open, and prevents that others open it.
func openCopySQLite(ctx context.Context, file string, target bool) (*copyEnd, error) {
	if target {
		if err := createPrivate(file); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	steps, err := loadSteps(SQLite)
	if err != nil {
		return nil, err
	}
	steps.copying = target
	db, err := openPool("file:" + (&url.URL{Path: file}).EscapedPath() + "?mode=rw&_txlock=immediate&_pragma=busy_timeout(2000)" +
		"&_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(0)" +
		"&_pragma=temp_store(1)&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	bare := &sqliteEngine{readers: db, writer: db, steps: steps}
	e := &copyEnd{engine: readOnlyEngine{bare, db}, steps: steps, db: db, pool: db, reads: db, file: file, closes: []func() error{db.Close}}
	// The lock is taken by the first access, that of a writer by the first write.
	_, err = db.ExecContext(ctx, "PRAGMA user_version = 0")
	if bare.classify(err) == busy {
		err = fmt.Errorf("%s is in use: stop the server and any other program that has it open: %w", file, err)
	}
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func openCopyPostgres(ctx context.Context, address string) (*copyEnd, error) {
	session := "simferry copy " + rand.Text()[:12]
	bare, err := openPostgres(ctx, address, Options{MaxConns: 4, patient: true, session: session})
	if err != nil {
		return nil, err
	}
	bare.steps.copying = true // a source is checked when it is held
	db := stdlib.OpenDBFromPool(bare.pool)
	e := &copyEnd{engine: readOnlyEngine{bare, nil}, steps: bare.steps, pool: db, closes: []func() error{bare.close, db.Close}}
	if bare.pooled {
		return nil, errors.Join(errors.New("there is a pooler in between: name the PostgreSQL server itself"), e.close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	e.closes = append(e.closes, conn.Close)
	e.db, e.reads = conn, conn
	if err := e.alone(ctx, session); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// copyPatience is how long the sessions of a copy that was killed may take to end.
const copyPatience = 5 * time.Second

// alone returns an error if another session uses the database.
func (e *copyEnd) alone(ctx context.Context, session string) error {
	const others = `SELECT COALESCE(NULLIF(application_name, ''), 'unnamed') || ' of ' || COALESCE(usename::text, 'unknown') FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> $1 AND pid <> pg_backend_pid()`
	for began := time.Now(); ; {
		rows, err := e.query(ctx, others, session)
		if err != nil || len(rows) == 0 {
			return err
		}
		if time.Since(began) > copyPatience || !pauseUpTo(ctx, 200*time.Millisecond) {
			return fmt.Errorf("the database is in use by %d sessions (the first is that of %v): stop the server and all other programs that use it", len(rows), rows[0][0])
		}
	}
}

// hold blocks writes to the source until the end of the copy, and fixes what is read.
func (e *copyEnd) hold(ctx context.Context) error {
	if e.dialect() == SQLite {
		return nil // openCopySQLite has locked it
	}
	e.steps.copying = false
	if err := e.steps.exactly(ctx, e.pool); err != nil {
		return err
	}
	tables, err := e.tables(ctx)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(tables))
	for name := range tables {
		names = append(names, pgx.Identifier{name}.Sanitize())
	}
	tx, err := e.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	e.closes = append(e.closes, tx.Rollback)
	if _, err := tx.ExecContext(ctx, "LOCK TABLE "+strings.Join(names, ", ")+" IN SHARE MODE NOWAIT"); err != nil {
		return fmt.Errorf("the database is in use: stop the server and all other programs that write to it: %w", err)
	}
	e.reads = tx
	return nil
}

func (e *copyEnd) dialect() Dialect { return e.engine.dialect() }

func (e *copyEnd) close() error {
	var errs []error
	for i := len(e.closes) - 1; i >= 0; i-- {
		if err := e.closes[i](); !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, sql.ErrConnDone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// accepted passes the database to a check.
func (e *copyEnd) accepted(check func(*Store) error) error {
	if check == nil {
		return nil
	}
	return check(&Store{engine: e.engine, clock: time.Now})
}

// query returns all rows of a small result.
func (e *copyEnd) query(ctx context.Context, text string, args ...any) ([][]any, error) {
	return readRows(ctx, e.reads, text, args)
}

// readRows returns rows until they have copyBytes.
func readRows(ctx context.Context, db copyReader, text string, args []any) (list [][]any, err error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for size := 0; size < copyBytes && rows.Next(); {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for _, v := range row {
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			}
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

func (e *copyEnd) number(ctx context.Context, text string, args ...any) (int64, error) {
	rows, err := e.query(ctx, text, args...)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	n, ok := rows[0][0].(int64)
	if !ok {
		return 0, fmt.Errorf("%s: %v is not a number", text, rows[0][0])
	}
	return n, nil
}

func (e *copyEnd) count(ctx context.Context, t copyTable) (int64, error) {
	return e.number(ctx, "SELECT count(*) FROM "+t.name)
}

// last returns the key of the last row, nil for an empty table.
func (e *copyEnd) last(ctx context.Context, t copyTable) ([]any, error) {
	rows, err := e.query(ctx, "SELECT "+t.keyNames()+" FROM "+t.name+" ORDER BY "+strings.ReplaceAll(t.keyNames(), ",", " DESC,")+" DESC LIMIT 1")
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// page returns the rows that follow a key, at most limit of them (0 for all) and at least one if
// there is one, in the order of the primary key.
func (e *copyEnd) page(ctx context.Context, t copyTable, after []any, limit int) ([][]any, error) {
	text := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name
	if after != nil {
		text += " WHERE (" + t.keyNames() + ") > " + placeholders(1, len(after))
	}
	text += " ORDER BY " + t.keyNames()
	if limit > 0 {
		text += fmt.Sprintf(" LIMIT %d", limit)
	}
	return readRows(ctx, e.reads, text, after)
}

// insertParameters is less than SQLite accepts in one statement.
const insertParameters = 16_000

// insert writes a batch in one transaction.
func (e *copyEnd) insert(ctx context.Context, t copyTable, batch [][]any) error {
	if conn, ok := e.db.(*sql.Conn); ok {
		return conn.Raw(func(raw any) error {
			c, ok := raw.(*stdlib.Conn)
			if !ok {
				return errors.New("the driver is not pgx")
			}
			_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(batch))
			return err
		})
	}
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for most := insertParameters / len(t.columns); len(batch) > 0; {
		part := batch[:min(most, len(batch))]
		batch = batch[len(part):]
		var values []any
		for _, row := range part {
			values = append(values, row...)
		}
		text := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES " + placeholders(len(part), len(t.columns)) //nolint:gosec // names of the schema
		if _, err := tx.ExecContext(ctx, text, values...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
