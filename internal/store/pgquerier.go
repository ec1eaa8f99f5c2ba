package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// errConnLost marks an error after which the connection was gone.
var errConnLost = errors.New("connection to the database lost")

// commitLostError says that the connection was lost during the commit, so that its outcome is
// unknown.
type commitLostError struct{ err error }

func (e *commitLostError) Error() string {
	return "the outcome of a commit is unknown: " + e.err.Error()
}
func (e *commitLostError) Unwrap() error { return e.err }

// pgQuerier is one connection. With begin set, the first statement opens a transaction in
// the same round trip.
type pgQuerier struct {
	conn  *pgx.Conn
	begin *pgx.TxOptions
	local string // a statement that sets up the transaction, "" for none
	begun bool
}

func (q *pgQuerier) query(ctx context.Context, text string, args ...any) (rows, error) {
	r, err := q.send(ctx, text, args)
	if err != nil {
		return nil, err
	}
	return &pgRows{Rows: r}, nil
}

// send leaves the rows open; the caller closes them.
func (q *pgQuerier) send(ctx context.Context, text string, args []any) (pgx.Rows, error) {
	if q.begin == nil || q.begun {
		return q.conn.Query(ctx, text, args...)
	}
	batch := &pgx.Batch{}
	before := q.open(batch)
	batch.Queue(text, args...)
	results := q.conn.SendBatch(ctx, batch)
	for range before {
		if _, err := results.Exec(); err != nil {
			return nil, errors.Join(err, results.Close())
		}
	}
	r, err := results.Query()
	if err != nil {
		return nil, errors.Join(err, results.Close())
	}
	return batchRows{r, results}, nil
}

// open queues the statements that begin the transaction, if nothing has been sent yet, and
// returns their number.
func (q *pgQuerier) open(batch *pgx.Batch) int {
	if q.begin == nil || q.begun {
		return 0
	}
	q.begun = true
	batch.BeginTx(*q.begin)
	if q.local != "" {
		batch.Queue(q.local)
	}
	return batch.Len()
}

// pipeline sends a whole transaction in one round trip: begin, the statements, commit.
func (q *pgQuerier) pipeline(ctx context.Context, statements []statement) (err error) {
	batch := &pgx.Batch{}
	batch.BeginTx(*q.begin)
	for _, s := range statements {
		batch.Queue(s.text, s.args...)
	}
	batch.Queue("commit")
	q.begun = true // until the commit has been answered
	results := q.conn.SendBatch(ctx, batch)
	defer func() {
		err = errors.Join(err, results.Close())
		q.begun = err != nil
	}()
	if _, err := results.Exec(); err != nil {
		return err
	}
	for _, s := range statements {
		if err := scanned(results, s.scan); err != nil {
			return err
		}
	}
	_, err = results.Exec()
	return err
}

// batch sends statements in one round trip, after the begin if nothing has been sent yet.
func (q *pgQuerier) batch(ctx context.Context, statements []statement) (err error) {
	batch := &pgx.Batch{}
	before := q.open(batch)
	for _, s := range statements {
		batch.Queue(s.text, s.args...)
	}
	results := q.conn.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, results.Close()) }()
	for range before {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	for _, s := range statements {
		if err := scanned(results, s.scan); err != nil {
			return err
		}
	}
	return nil
}

func scanned(results pgx.BatchResults, scan func(rows) error) error {
	r, err := results.Query()
	if err != nil {
		return err
	}
	defer r.Close()
	scanning := &pgRows{Rows: r}
	for scanning.Next() {
		if err := scan(scanning); err != nil {
			return err
		}
	}
	return r.Err()
}

func (q *pgQuerier) exec(ctx context.Context, text string, args ...any) (int64, error) {
	r, err := q.send(ctx, text, args)
	if err != nil {
		return 0, err
	}
	r.Close()
	if err := r.Err(); err != nil {
		return 0, err
	}
	return r.CommandTag().RowsAffected(), nil
}

// lost wraps an error that ended the connection, so that it is not mistaken for a caller's
// error.
func (q *pgQuerier) lost(err error) error {
	if err != nil && q.conn.IsClosed() {
		return fmt.Errorf("%w: %w", errConnLost, err)
	}
	return err
}

func (q *pgQuerier) commit(ctx context.Context) error {
	if !q.begun {
		return nil
	}
	tag, err := q.conn.Exec(ctx, "commit")
	switch {
	case err != nil && q.conn.IsClosed():
		return &commitLostError{err}
	case err != nil:
		return err
	case tag.String() == "ROLLBACK": // a statement failed and fn ignored its error
		return errors.New("the transaction was rolled back at commit")
	}
	return nil
}

// rollback ignores errors: the pool closes a connection that cannot roll back.
func (q *pgQuerier) rollback() {
	if !q.begun || q.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	_, _ = q.conn.Exec(ctx, "rollback")
}

// batchRows are the rows of the statement that followed "begin" in one batch.
type batchRows struct {
	pgx.Rows
	batch pgx.BatchResults
}

// Close also ends the batch; its error is that of the rows.
func (r batchRows) Close() {
	r.Rows.Close()
	_ = r.batch.Close()
}
