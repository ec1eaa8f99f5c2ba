package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// CheckLists counts events, audit entries, migrations and devices again, and compares with the
// counts that lists use. It passes each fault to fail: the kind and id of what it is about, and
// what is wrong. It returns how many counts there are.
func (s Reader) CheckLists(ctx context.Context, fail func(kind string, id int64, what string)) (n int64, err error) {
	c := listCheck{s.tx, fail}
	want := newListSums()
	for _, feed := range listFeeds {
		if err := c.countAnew(ctx, feed, want); err != nil {
			return 0, err
		}
	}
	err = c.tx.queryEach(ctx, "SELECT workspace_id, status, id >> 12, count(*) FROM devices GROUP BY 1, 2, 3", nil, func(r rows) error {
		cell, n := listCell{list: listDevices}, listCount{}
		err := r.Scan(&cell.key, &cell.sub, &cell.block, &n.items)
		want.add(cell, n)
		return err
	})
	if err == nil {
		n, err = c.compareCounts(ctx, want)
	}
	if err == nil {
		err = c.compareSets(ctx, want)
	}
	return n, err
}

// listCheck compares the counts of lists with their rows.
type listCheck struct {
	tx     *Tx
	report func(kind string, id int64, what string)
}

func (c listCheck) fail(kind string, id int64, format string, args ...any) {
	c.report(kind, id, fmt.Sprintf(format, args...))
}

// countAnew counts the rows of a table that are counted.
func (c listCheck) countAnew(ctx context.Context, feed listFeed, into listSums) error {
	var upto *int64
	var highest int64
	_, err := c.tx.queryRow(ctx, "SELECT (SELECT upto FROM list_upto WHERE list = $1), COALESCE((SELECT max(id) FROM "+feed.table+"), 0)",
		[]any{int64(feed.upto)}, &upto, &highest)
	switch {
	case err != nil:
		return err
	case upto == nil:
		c.fail("", 0, "list_upto does not say how far the table %s is counted", feed.table)
		return nil
	case *upto > highest:
		c.fail("", 0, "list_upto says that the table %s is counted up to id %d, and its highest id is %d", feed.table, *upto, highest)
	}
	return c.tx.collect(ctx, feed, 0, *upto, into)
}

// compareCounts compares list_tally with the counts that are right.
func (c listCheck) compareCounts(ctx context.Context, want listSums) (n int64, err error) {
	left := maps.Clone(want.cells)
	err = c.tx.queryEach(ctx, `
		SELECT list, key, sub, block, CAST(sum(items) AS BIGINT), max(first_at), max(last_at) FROM (
			SELECT list, key, sub, block, items, first_at, last_at FROM list_tally
			UNION ALL SELECT list, key, sub, block, items, 0, 0 FROM list_changes
		) u GROUP BY 1, 2, 3, 4`, nil, func(r rows) error {
		var cell listCell
		var have listCount
		err := r.Scan(&cell.list, &cell.key, &cell.sub, &cell.block, &have.items, &have.first, &have.last)
		if right := left[cell]; right != have {
			cell.fail(c, right, have)
		}
		delete(left, cell)
		n++
		return err
	})
	missing := slices.SortedFunc(maps.Keys(left), listCell.compare)
	for _, cell := range missing {
		cell.fail(c, left[cell], listCount{})
	}
	return n, err
}

func (cell listCell) compare(other listCell) int {
	return cmp.Or(cmp.Compare(cell.list, other.list), cmp.Compare(cell.key, other.key),
		cmp.Compare(cell.sub, other.sub), cmp.Compare(cell.block, other.block))
}

// fail reports that a count is wrong.
func (cell listCell) fail(c listCheck, right, have listCount) {
	kind, id, what := "Workspace", cell.key, map[listKind]string{
		listEvents: "events", listUserEvents: fmt.Sprintf("events of user %d", cell.sub), listAudit: "audit entries",
		listMigrations: "migrations", listSetTotals: "migrations", listAllMoves: "migrations",
		listDevices: fmt.Sprintf("devices of status %d", cell.sub),
	}[cell.list]
	if what == "" || cell.list >= listMigrations && cell.list <= listAllMoves { // the key is a set of Workspaces
		kind, id, what = "", 0, cmp.Or(what, "rows of an unknown list")
	}
	c.fail(kind, id, "block %d of list %d has %d %s from %d to %d, counted are %d from %d to %d",
		cell.block, cell.list, right.items, what, right.first, right.last, have.items, have.first, have.last)
}

// compareSets compares ledger_sets with the sets of sides that the migrations have.
func (c listCheck) compareSets(ctx context.Context, want listSums) error {
	type member struct{ ws, set int64 }
	left := map[member]bool{}
	for set, places := range want.sets {
		for _, ws := range places {
			left[member{ws, set}] = true
		}
	}
	err := c.tx.queryEach(ctx, "SELECT workspace_id, set_id FROM ledger_sets", nil, func(r rows) error {
		var m member
		err := r.Scan(&m.ws, &m.set)
		if !left[m] {
			c.fail("Workspace", m.ws, "no counted migration has the set of sides %d with it", m.set)
		}
		delete(left, m)
		return err
	})
	for m := range left {
		c.fail("Workspace", m.ws, "the set of sides %d has it, and does not list it", m.set)
	}
	return err
}
