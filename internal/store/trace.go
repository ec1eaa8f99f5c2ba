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

// traced returns statements that run together, and a function that reports them afterwards.
func (q tracedQuerier) traced(statements []statement) (all []statement, report func()) {
	all = make([]statement, len(statements))
	rowsOf := make([]int, len(statements))
	for i, s := range statements {
		all[i] = s
		all[i].scan = func(r rows) error {
			rowsOf[i]++
			return s.scan(r)
		}
	}
	return all, func() {
		for i, s := range all {
			q.trace(s.text, rowsOf[i])
		}
	}
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
