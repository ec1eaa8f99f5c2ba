package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3/database"
)

// errStepApplied means that another server applied the step in the meantime.
var errStepApplied = errors.New("the step is applied already")

// onceStore records each step once. Two servers that start concurrently on one SQLite file
// may both find a step missing. Most steps fail when they are applied again, but one that
// fills or rebuilds something would not. The record is read in the transaction of the step,
// which holds SQLite's only write lock by then, so the second server sees the first one's.
type onceStore struct{ database.StoreExtender }

func newOnceStore() (onceStore, error) {
	s, err := database.NewStore(database.DialectSQLite3, "goose_db_version")
	if err != nil {
		return onceStore{}, err
	}
	extended, ok := s.(database.StoreExtender)
	if !ok {
		return onceStore{}, errors.New("goose cannot look up the table of applied steps")
	}
	return onceStore{extended}, nil
}

// Insert records the step, or returns errStepApplied, which rolls the step back.
func (s onceStore) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	switch _, err := s.GetMigration(ctx, db, req.Version); {
	case err == nil:
		return fmt.Errorf("step %d: %w", req.Version, errStepApplied)
	case !errors.Is(err, database.ErrVersionNotFound):
		return err
	}
	return s.StoreExtender.Insert(ctx, db, req)
}
