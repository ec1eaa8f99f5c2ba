package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	turns "github.com/simferry/simferry/internal/limit"
)

// A group of writes shares one transaction, and with it one commit and one sync. Each write has a
// savepoint, so one that fails is undone alone. See docs/adr/0020-writes-share-a-commit.md.
const (
	groupTime = 20 * time.Millisecond // from BEGIN; then the member that runs commits
	groupMost = 64                    // members
)

// writeGroup is an open transaction on the writer, and the members that have run in it.
type writeGroup struct {
	conn    *sql.Conn // the writer
	began   time.Time
	members int

	done chan struct{} // closed after the commit or its failure, when err and void are set
	err  error         // for every member: the files were replaced
	void error         // nothing was committed: each member runs again, alone
}

// errVoid is the error of a group whose transaction was undone by a failed statement.
var errVoid = errors.New("sqlite: a failed statement undid the transaction of a group")

// updateInTurn runs fn in a transaction of its own or in that of a group. turn runs a function
// while no other write runs; waiting reports whether other writes wait for their turns.
//
// Every result of a group is returned after its commit, errors too: a refusal may depend on an
// uncommitted change of another member. If the commit fails, the members run again, alone.
func (e *sqliteEngine) updateInTurn(ctx context.Context, fn func(querier) error, turn func(context.Context, func() error) error, waiting func() bool) error {
	var g *writeGroup
	err := turn(ctx, func() (err error) {
		switch {
		case turns.Party(ctx) == "": // the server's own work, which may be large
			e.endGroup()
			return e.update(ctx, fn)
		case e.group == nil && !waiting():
			return e.update(ctx, fn)
		case e.group == nil:
			if e.group, err = e.beginGroup(); err != nil {
				return err
			}
		}
		g = e.group
		err = e.runMember(fn)
		if !waiting() || g.members == groupMost || time.Since(g.began) >= groupTime {
			e.endGroup()
		}
		return err
	})
	if g == nil {
		return err
	}
	e.awaitGroup(g, turn)
	switch {
	case g.void != nil:
		return turn(ctx, func() error {
			e.endGroup()
			return e.update(ctx, fn)
		})
	case g.err != nil:
		return g.err
	}
	return err
}

// awaitGroup waits for the end of a group. Usually one of the next members commits it. If none
// comes, because those that waited have given up, it does so itself.
func (e *sqliteEngine) awaitGroup(g *writeGroup, turn func(context.Context, func() error) error) {
	timer := time.NewTimer(groupTime)
	defer timer.Stop()
	select {
	case <-g.done:
		return
	case <-timer.C:
	}
	_ = turn(context.Background(), func() error { // never fails
		if e.group == g {
			e.endGroup()
		}
		return nil
	})
	<-g.done
}

// beginGroup begins a transaction that no request's context can end.
func (e *sqliteEngine) beginGroup() (*writeGroup, error) {
	if err := e.files.check(); err != nil {
		return nil, err
	}
	conn, err := e.writer.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	g := &writeGroup{conn: conn, began: time.Now(), done: make(chan struct{})}
	if err := g.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return g, nil
}

// endGroup commits the open group, if there is one, and wakes its members.
func (e *sqliteEngine) endGroup() {
	g := e.group
	if g == nil {
		return
	}
	e.group = nil
	defer close(g.done)
	if g.void == nil {
		g.void = g.exec("COMMIT")
	}
	if g.void != nil {
		_ = g.exec("ROLLBACK") // SQLite may have done that
	}
	_ = g.conn.Close() // returns it to the pool
	if g.void != nil {
		return
	}
	for range min(g.members, checkpointEvery) {
		e.checkpoints.committed()
	}
	g.err = e.files.check()
}

// runMember runs fn within a savepoint, to which it returns if fn fails or panics. If that is not
// possible, the transaction was undone, and the group is void.
func (e *sqliteEngine) runMember(fn func(querier) error) (err error) {
	g := e.group
	g.members++
	q := &memberQuerier{sqlQuerier: sqlQuerier{g.conn}, lost: e.undoes}
	if g.exec("SAVEPOINT member") != nil {
		e.voidGroup()
		return errVoid
	}
	returned := false
	defer func() {
		if (returned && err == nil || g.exec("ROLLBACK TO member") == nil) && q.failed == nil && g.exec("RELEASE member") == nil {
			if !returned { // fn panicked: this goroutine will not wait for the group
				e.endGroup()
			}
			return
		}
		e.voidGroup()
	}()
	err = fn(q)
	returned = true
	return err
}

// voidGroup ends the open group without a commit.
func (e *sqliteEngine) voidGroup() {
	e.group.void = errVoid
	e.endGroup()
}

func (g *writeGroup) exec(text string) error {
	_, err := g.conn.ExecContext(context.Background(), text)
	return err
}

// undoes reports whether SQLite may have undone the whole transaction after an error.
func (e *sqliteEngine) undoes(err error) bool {
	switch e.classify(err) {
	case busy, away, full, corrupt, gone:
		return true
	}
	return false
}

// memberQuerier runs the statements of a group's member. An ended context prevents statements, but
// does not interrupt one: SQLite would undo the changes of all members.
type memberQuerier struct {
	sqlQuerier
	lost   func(error) bool
	failed error // of the statement that may have undone the transaction
}

func (q *memberQuerier) query(ctx context.Context, text string, args ...any) (rows, error) {
	if err := q.usable(ctx); err != nil {
		return nil, err
	}
	r, err := q.sqlQuerier.query(context.WithoutCancel(ctx), text, args...)
	if err != nil {
		return nil, q.note(err)
	}
	return memberRows{r, q}, nil
}

func (q *memberQuerier) exec(ctx context.Context, text string, args ...any) (int64, error) {
	if err := q.usable(ctx); err != nil {
		return 0, err
	}
	n, err := q.sqlQuerier.exec(context.WithoutCancel(ctx), text, args...)
	return n, q.note(err)
}

func (q *memberQuerier) usable(ctx context.Context) error {
	if q.failed != nil {
		return q.failed // a statement would take effect outside of the transaction
	}
	return ctx.Err()
}

func (q *memberQuerier) note(err error) error {
	if q.lost(err) {
		q.failed = err
	}
	return err
}

// memberRows notes an error that appears while rows are read.
type memberRows struct {
	rows
	q *memberQuerier
}

func (r memberRows) Err() error { return r.q.note(r.rows.Err()) }
