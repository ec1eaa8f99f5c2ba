package store

import (
	"context"
	"strings"
)

// Plan is the engine's query plan of a statement.
type Plan struct {
	Text  string
	Lines []string
}

// Explained runs fn on a snapshot, in which a list may read at most this number of rows, and
// returns the plans of all that it reads. PostgreSQL scans and sorts a whole table only if
// nothing else is possible.
func Explained(ctx context.Context, s *Store, most int, fn func(*Tx) error) ([]Plan, error) {
	return explained(ctx, s, s.engine.view, most, fn)
}

// ExplainedUpdate does what Explained does, in a transaction that locks what it reads.
func ExplainedUpdate(ctx context.Context, s *Store, fn func(*Tx) error) ([]Plan, error) {
	return explained(ctx, s, s.engine.update, 100, fn)
}

// Executed runs fn on a snapshot of a PostgreSQL and returns the plans that it chose for all reads,
// with the numbers of rows that each part has returned.
func Executed(ctx context.Context, s *Store, fn func(*Tx) error) (plans []Plan, err error) {
	err = s.engine.view(ctx, func(q querier) error {
		tx := s.tx(q, false)
		tx.q = explainer{q, tx.d, &plans, "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) "}
		return fn(tx)
	})
	return plans, err
}

func explained(ctx context.Context, s *Store, run func(context.Context, func(querier) error) error, most int, fn func(*Tx) error) (plans []Plan, err error) {
	err = run(ctx, func(q querier) error {
		tx := s.tx(q, false)
		tx.most = most
		if err := asIfLarge(ctx, tx); err != nil {
			return err
		}
		tx.q = explainer{q, tx.d, &plans, tx.dialectSQL("EXPLAIN QUERY PLAN ", "EXPLAIN ")}
		return fn(tx)
	})
	return plans, err
}

// asIfLarge makes PostgreSQL choose the plans that it has for large tables.
func asIfLarge(ctx context.Context, tx *Tx) error {
	for _, setting := range []string{"enable_seqscan", "enable_sort", "enable_hashjoin", "enable_mergejoin", "jit"} {
		if tx.d == Postgres {
			if err := tx.exec(ctx, "SET LOCAL "+setting+" = off"); err != nil {
				return err
			}
		}
	}
	return nil
}

type explainer struct {
	querier
	d     Dialect
	plans *[]Plan
	verb  string
}

func (e explainer) query(ctx context.Context, text string, args ...any) (rows, error) {
	p := Plan{Text: text}
	r, err := e.querier.query(ctx, e.verb+text, args...)
	if err != nil {
		return nil, err
	}
	inside := map[int64]bool{} // what SQLite materializes first
	for r.Next() {
		var id, parent, unused int64
		var line string
		if e.d == Postgres {
			err = r.Scan(&line)
		} else {
			err = r.Scan(&id, &parent, &unused, &line)
			inside[id] = inside[parent] || strings.HasPrefix(line, "MATERIALIZE")
			if inside[id] {
				line = "inside: " + line
			}
		}
		if err != nil {
			return nil, err
		}
		p.Lines = append(p.Lines, line)
	}
	r.Close()
	*e.plans = append(*e.plans, p)
	return e.querier.query(ctx, text, args...)
}

// Bounded runs fn on a snapshot, in which a list may read at most this number of rows.
func Bounded(ctx context.Context, s *Store, most int, fn func(*Tx) error) error {
	return s.engine.view(ctx, func(q querier) error {
		tx := s.tx(q, false)
		tx.most = most
		return fn(tx)
	})
}
