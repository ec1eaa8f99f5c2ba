package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteConnector opens connections that keep their statements prepared: parsing one takes
// SQLite longer than running it over a few rows. database/sql has prepared statements of
// its own, but those of a pool cannot be made while a transaction holds its only
// connection, and every use of one takes locks.
type sqliteConnector struct {
	dsn string
	raw driver.Driver
}

// openPool opens a pool of such connections.
func openPool(dsn string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	raw := plain.Driver()
	return sql.OpenDB(sqliteConnector{dsn, raw}), plain.Close()
}

func (c sqliteConnector) Driver() driver.Driver { return c.raw }

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.raw.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(fullConn)
	if !ok {
		return nil, errors.Join(errors.New("sqlite: the driver lacks what its connections had"), conn.Close())
	}
	return &sqliteConn{fullConn: full, ready: make(map[string]*readyStmt)}, nil
}

// fullConn is what the driver's connections can do.
type fullConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
}

// sqliteConn is one connection. database/sql lets one goroutine at a time use it.
type sqliteConn struct {
	fullConn
	ready    map[string]*readyStmt
	readOnly bool
}

// IsValid makes the pool discard the connection if it is false. If a file cannot be opened for
// writing, even temporarily, SQLite opens it read-only, and the connection would refuse writes
// for its whole life.
func (c *sqliteConn) IsValid() bool { return !c.readOnly }

func (c *sqliteConn) note(err error) error {
	var se *sqlite.Error
	if errors.As(err, &se) && se.Code() == sqlite3.SQLITE_READONLY {
		c.readOnly = true
	}
	return err
}

// BeginTx may be the first call to find that the log is read-only.
func (c *sqliteConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.fullConn.BeginTx(ctx, o)
	return tx, c.note(err)
}

// readyStmt is a prepared statement; busy while its rows are being read.
type readyStmt struct {
	fullStmt
	busy bool
}

// fullStmt is what the driver's prepared statements can do.
type fullStmt interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

// The program has few texts, but those of lists vary with their filters, and those of schema
// steps are used once.
const (
	maxReady     = 256
	readyLongest = 8192
)

// prepared finds or prepares a statement; nil if it is not kept, or in use already.
func (c *sqliteConn) prepared(ctx context.Context, text string) (*readyStmt, error) {
	s := c.ready[text]
	switch {
	case s != nil && s.busy, s == nil && (len(c.ready) >= maxReady || len(text) > readyLongest):
		return nil, nil
	case s != nil:
		return s, nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	full, ok := made.(fullStmt)
	if !ok {
		return nil, errors.Join(errors.New("sqlite: the driver lacks what its statements had"), made.Close())
	}
	s = &readyStmt{fullStmt: full}
	c.ready[text] = s
	return s, nil
}

// QueryContext runs a query on its prepared statement.
func (c *sqliteConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		rows, err := c.fullConn.QueryContext(ctx, text, args)
		return rows, c.note(err)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, c.note(err)
	}
	s.busy = true
	return readyRows{rows, s}, nil
}

// ExecContext runs a statement on its prepared form.
func (c *sqliteConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		done, err := c.fullConn.ExecContext(ctx, text, args)
		return done, c.note(err)
	}
	done, err := s.ExecContext(ctx, args)
	return done, c.note(err)
}

// Close closes the statements, then the connection.
func (c *sqliteConn) Close() error {
	var errs []error
	for _, s := range c.ready {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.fullConn.Close())...)
}

// readyRows give their statement back when they are closed.
type readyRows struct {
	driver.Rows
	stmt *readyStmt
}

func (r readyRows) Close() error {
	r.stmt.busy = false
	return r.Rows.Close()
}
