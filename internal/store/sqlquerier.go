package store

import (
	"context"
	"database/sql"
	"errors"
)

// sqlQuerier adapts database/sql to querier.
type sqlQuerier struct {
	db interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
}

func (q sqlQuerier) query(ctx context.Context, text string, args ...any) (rows, error) {
	r, err := q.db.QueryContext(ctx, text, args...) //nolint:rowserrcheck // who reads the rows does
	if err != nil {
		return nil, err
	}
	return sqlRows{r}, nil
}

func (q sqlQuerier) exec(ctx context.Context, text string, args ...any) (int64, error) {
	res, err := q.db.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

type sqlRows struct{ *sql.Rows }

// Close has no answer that is worth more than that of Err, which each asks for.
func (r sqlRows) Close() { _ = r.Rows.Close() }

func inSQLTx(ctx context.Context, db *sql.DB, fn func(querier) error) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, rollback)
		}
	}()
	if err := fn(sqlQuerier{tx}); err != nil {
		return err
	}
	return tx.Commit()
}
