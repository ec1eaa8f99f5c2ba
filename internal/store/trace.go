package store

import "context"

// Trace gets the text of each executed statement and the number of its rows.
type Trace func(statement string, rows int)

// tracedQuerier reports what runs on a connection. It is for tests.
type tracedQuerier struct {
	querier
	trace Trace
}

func (q tracedQuerier) query(ctx context.Context, sql string, args ...any) (rows, error) {
	r, err := q.querier.query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return &tracedRows{rows: r, text: sql, trace: q.trace}, nil
}

func (q tracedQuerier) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := q.querier.exec(ctx, sql, args...)
	q.trace(sql, int(n))
	return n, err
}

// traced reports each row of statements that run together.
func (q tracedQuerier) traced(statements []statement) []statement {
	all := make([]statement, len(statements))
	for i, s := range statements {
		all[i] = s
		all[i].scan = func(r rows) error {
			q.trace(s.text, 1)
			return s.scan(r)
		}
	}
	return all
}

type tracedRows struct {
	rows
	text  string
	trace Trace
	n     int
}

func (r *tracedRows) Next() bool {
	more := r.rows.Next()
	if more {
		r.n++
	}
	return more
}

func (r *tracedRows) Close() {
	r.trace(r.text, r.n)
	r.rows.Close()
}
