package store

import (
	"context"
	"errors"
)

// RebuildCountsOf opens a database and rebuilds its counts. It applies no schema step. Errors:
// the database does not exist, or has another schema than this program.
func RebuildCountsOf(ctx context.Context, url string) error {
	look, err := Inspect(ctx, url, Options{MaxConns: 1})
	if err != nil {
		return err
	}
	if err := look.Close(); err != nil {
		return err
	}
	s, err := Open(ctx, url, Options{MaxConns: 2, patient: true})
	if err != nil {
		return err
	}
	return errors.Join(s.RebuildCounts(ctx), s.Close())
}

// RebuildCounts recomputes all counts that lists take their totals from. On PostgreSQL it
// locks the counts: migrations, imports and deletions wait until it ends. Servers may run, if
// they are all of this version.
func (s *Store) RebuildCounts(ctx context.Context) error {
	if err := s.Update(ctx, func(tx *Tx) error { return tx.rebuildCounts(ctx) }); err != nil {
		return err
	}
	for {
		if more, err := s.FoldLists(ctx, 1); err != nil || !more {
			return err
		}
	}
}

func (tx *Tx) rebuildCounts(ctx context.Context) error {
	if tx.d == Postgres {
		// No server folds meanwhile. A transaction that changes counts has either committed, or
		// waits for the lock of the tables and adds its changes afterwards.
		for _, key := range append([]int64{foldLock, foldLock + int64(listDevices)}, foldLocks()...) {
			if err := tx.exec(ctx, "SELECT pg_advisory_xact_lock($1)", key); err != nil {
				return err
			}
		}
		if err := tx.exec(ctx, "LOCK TABLE sim_tally, sim_tally_changes, list_changes IN EXCLUSIVE MODE"); err != nil {
			return err
		}
	}
	for _, text := range rebuildTexts {
		if err := tx.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// foldLocks returns the locks of those who count the rows of lists.
func foldLocks() (keys []int64) {
	for _, f := range listFeeds {
		keys = append(keys, foldLock+int64(f.upto))
	}
	return keys
}

var rebuildTexts = []string{
	"DELETE FROM sim_tally_changes",
	"DELETE FROM sim_tally",
	`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT workspace_id, 1, status, id >> 10, count(*) FROM sims GROUP BY 1, 3, 4`,
	`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT -viewer, 1, 0, block, count(*) FROM (` + SeenSIMs + `) u GROUP BY 1, 4`,
	`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally WHERE level = 1 GROUP BY 1, 3, 4`,
	"DELETE FROM list_tally",
	"DELETE FROM list_changes",
	`INSERT INTO list_tally (list, key, sub, block, items, first_at, last_at)
	SELECT 7, workspace_id, status, id >> 12, count(*), 0, 0 FROM devices GROUP BY 2, 3, 4`,
	"DELETE FROM ledger_sets",
	"DELETE FROM list_upto",
	"INSERT INTO list_upto (list, upto) VALUES (1, 0), (3, 0), (4, 0)",
}
