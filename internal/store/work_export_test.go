package store

import (
	"context"
	"database/sql/driver"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Worked is what the engine did for a statement: the steps of SQLite's virtual machine, or the
// plan that PostgreSQL executed, with the numbers of rows that each part returned and left out.
type Worked struct {
	Text, Plan string
	Steps      int
}

// Work runs fn on a snapshot, in which a list may read at most this number of rows, and returns
// what the engine did for each statement, in the order of their texts. s must have a single
// reading connection.
func Work(ctx context.Context, s *Store, most int, fn func(*Tx) error) (work []Worked, err error) {
	e, is := bare(s.engine).(*sqliteEngine)
	if !is {
		return postgresWork(ctx, s, most, fn)
	}
	conn, err := e.readers.Conn(ctx)
	if err == nil {
		err = conn.Raw(func(raw any) error { return raw.(*sqliteConn).forget() }) //nolint:errcheck // every connection is one
		_ = conn.Close()
	}
	if err != nil {
		return nil, err
	}
	if err := Bounded(ctx, s, most, fn); err != nil {
		return nil, err
	}
	conn, err = e.readers.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(raw any) error {
		for text, s := range raw.(*sqliteConn).ready { //nolint:errcheck // every connection is one
			work = append(work, Worked{Text: text, Steps: vmSteps(s.fullStmt)})
		}
		return nil
	})
	slices.SortFunc(work, func(a, b Worked) int { return strings.Compare(a.Text, b.Text) })
	return work, err
}

// forget closes the prepared statements, whose counts go with them.
func (c *sqliteConn) forget() error {
	for text, s := range c.ready {
		if err := s.Close(); err != nil {
			return err
		}
		delete(c.ready, text)
	}
	return nil
}

// vmSteps returns how many instructions a prepared statement has executed. The driver has no
// method for it.
func vmSteps(s driver.Stmt) int {
	handle := uintptr(reflect.ValueOf(s).Elem().FieldByName("pstmt").Uint())
	tls := libc.NewTLS()
	defer tls.Close()
	return int(sqlite3.Xsqlite3_stmt_status(tls, handle, sqlite3.SQLITE_STMTSTATUS_VM_STEP, 0))
}

// values are the arguments in a plan.
var values = regexp.MustCompile(`'[^']*'|"[^"]*"|\b\d{5,}\b`)

func postgresWork(ctx context.Context, s *Store, most int, fn func(*Tx) error) (work []Worked, err error) {
	var plans []Plan
	err = s.engine.view(ctx, func(q querier) error {
		tx := s.tx(q, false)
		tx.most = most
		if err := asIfLarge(ctx, tx); err != nil {
			return err
		}
		tx.q = explainer{q, tx.d, &plans, "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "}
		return fn(tx)
	})
	for _, p := range plans {
		work = append(work, Worked{Text: p.Text, Plan: values.ReplaceAllString(strings.Join(executed(p.Lines), "\n"), "?")})
	}
	return work, err
}

// executed removes the nodes that were never executed: they did no work, and PostgreSQL may choose
// them by the statistics of a value.
func executed(plan []string) (lines []string) {
	never := false
	for i, line := range plan {
		if i == 0 || strings.Contains(line, "->") || strings.HasPrefix(strings.TrimSpace(line), "CTE ") {
			never = strings.Contains(line, "(never executed)")
		}
		if !never {
			lines = append(lines, line)
		}
	}
	return lines
}
