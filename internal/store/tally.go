package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// The tally counts SIMs by Workspace, status and block of ids, on two levels. See
// docs/adr/0007.
const (
	blockBits = 10 // a block of level 1 has 1,024 ids
	groupBits = 6  // one of level 2 has 64 of those
)

// tallyRow is a number of SIMs, or a change of it, in one block of level 1.
type tallyRow struct{ workspace, status, block, sims int64 }

// tallySum is a number of SIMs by Workspace, status and block; SIMs that leave count negative.
type tallySum map[[3]int64]int64

func (t tallySum) add(s fleet.SIMState, n int64) {
	t[[3]int64{int64(s.Workspace), int64(s.Status), int64(s.ID) >> blockBits}] += n
}

// rows returns the non-zero sums, in a fixed order to avoid deadlocks.
func (t tallySum) rows() []tallyRow {
	list := make([]tallyRow, 0, len(t))
	for k, n := range t {
		if n != 0 {
			list = append(list, tallyRow{k[0], k[1], k[2], n})
		}
	}
	slices.SortFunc(list, func(a, b tallyRow) int {
		return cmp.Or(cmp.Compare(a.workspace, b.workspace), cmp.Compare(a.status, b.status), cmp.Compare(a.block, b.block))
	})
	return list
}

// tally returns the change of the counts.
func (c Change) tally() []tallyRow {
	t := make(tallySum)
	for _, l := range c.Lines {
		t.add(l.Before, -1)
		t.add(l.After, 1)
	}
	return t.rows()
}

// tallyColumns transposes the rows into one array per column.
func tallyColumns(list []tallyRow) []any {
	n := len(list)
	workspaces, statuses, blocks, sims := make([]int64, n), make([]int16, n), make([]int64, n), make([]int64, n)
	for i, r := range list {
		workspaces[i], statuses[i], blocks[i], sims[i] = r.workspace, int16(r.status), r.block, r.sims
	}
	return []any{workspaces, statuses, blocks, sims}
}

// addTally records changes of the counts on SQLite; on PostgreSQL the statement of Apply does.
func (tx *Tx) addTally(ctx context.Context, list []tallyRow) error {
	for _, r := range list {
		err := tx.exec(ctx, "INSERT INTO sim_tally_changes (workspace_id, status, block, sims) VALUES ($1, $2, $3, $4)",
			r.workspace, r.status, r.block, r.sims)
		if err != nil {
			return err
		}
	}
	return nil
}

// raiseTally adds imported SIMs to the counts directly: imports are rare and too large for
// recorded changes.
func (tx *Tx) raiseTally(ctx context.Context, sims []fleet.SIM) error {
	t := make(tallySum)
	for _, s := range sims {
		t.add(s.State(), 1)
	}
	if err := tx.addSeen(ctx, t, sims); err != nil {
		return err
	}
	list := t.rows()
	if tx.d == Postgres {
		return tx.exec(ctx, raiseTallyPostgres, tallyColumns(list)...)
	}
	for _, r := range list {
		for level := range int64(2) {
			if err := tx.exec(ctx, raiseTallySQLite, r.workspace, level+1, r.status, r.block>>(level*groupBits), r.sims); err != nil {
				return err
			}
		}
	}
	return nil
}

const raiseTallySQLite = `INSERT INTO sim_tally (workspace_id, level, status, block, sims) VALUES ($1, $2, $3, $4, $5)` + foldInto

const raiseTallyPostgres = `
	INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT workspace_id, level, status, block >> (6 * (level - 1)), sum(sims)
	FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[]) AS t (workspace_id, status, block, sims), (VALUES (1), (2)) AS v (level)
	GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4` + foldInto

// TallyChanged reports whether there are changes to fold.
func (tx *Tx) TallyChanged(ctx context.Context) (bool, error) {
	var one int
	return tx.queryRow(ctx, "SELECT 1 FROM sim_tally_changes LIMIT 1", nil, &one)
}

// FoldTally adds recorded changes to the counts. It does not change sums, only the cost of
// reading them. Several servers may call it; a lock lets one of them work.
func (tx *Tx) FoldTally(ctx context.Context) error {
	if tx.d == Postgres {
		var ours bool
		if _, err := tx.queryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", []any{foldLock}, &ours); err != nil || !ours {
			return err
		}
		return tx.exec(ctx, foldTallyPostgres)
	}
	for _, text := range foldTallySQLite {
		if err := tx.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

const foldLock int64 = 0x51_6d_66_6f_6c_64

const foldInto = ` ON CONFLICT (workspace_id, level, status, block) DO UPDATE SET sims = sim_tally.sims + excluded.sims`

// One statement: a change that is committed while it runs is not seen by any part of it.
const foldTallyPostgres = `
	WITH gone AS (
		DELETE FROM sim_tally_changes RETURNING workspace_id, status, block, sims
	), blocks AS (
		INSERT INTO sim_tally (workspace_id, level, status, block, sims)
		SELECT workspace_id, 1, status, block, sum(sims) FROM gone GROUP BY 1, 3, 4 ORDER BY 1, 3, 4` + foldInto + `
	)
	INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM gone GROUP BY 1, 3, 4 ORDER BY 1, 3, 4` + foldInto

// SQLite has one writer, so the statements are not interleaved with others.
var foldTallySQLite = []string{
	`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT workspace_id, 1, status, block, sum(sims) FROM sim_tally_changes WHERE TRUE GROUP BY 1, 3, 4` + foldInto,
	`INSERT INTO sim_tally (workspace_id, level, status, block, sims)
	SELECT workspace_id, 2, status, block >> 6, sum(sims) FROM sim_tally_changes WHERE TRUE GROUP BY 1, 3, 4` + foldInto,
	`DELETE FROM sim_tally_changes`,
}
