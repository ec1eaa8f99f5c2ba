package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The counts of the lists whose rows are only added: events, audit entries and migrations. The
// transactions that add rows do not write them. FoldLists counts new rows later, up to an id
// below which no row can appear any more; a list counts the rows above it itself. So servers of
// earlier versions may add rows, too. See docs/adr/0007.

// listKind is the column list of list_tally.
type listKind int64

const (
	listEvents     listKind = 1 // key is the Workspace
	listUserEvents listKind = 2 // key is the Workspace, sub the user who caused them
	listAudit      listKind = 3 // key is the Workspace
	listMigrations listKind = 4 // key is a set of sides, see ledger_sets
	listSetTotals  listKind = 5 // as listMigrations, all in block 0
	listAllMoves   listKind = 6 // all migrations; key is 0
	listDevices    listKind = 7 // key is the Workspace, sub the status; see list_changes
)

// listBlockBits makes blocks of 4,096 ids.
const listBlockBits = 12

// listFeed is a table whose rows are counted, and the statement that reads those with ids
// above $1, up to $2.
type listFeed struct {
	upto  listKind // its row in list_upto
	table string
	text  string
	scan  func(r rows, s listSums) error
}

var listFeeds = []listFeed{
	{
		listEvents, "events",
		`SELECT e.workspace_id, COALESCE(e.user_id, 0), e.id >> 12, count(*), min(e.at), max(e.at)
		FROM events e WHERE e.id > $1 AND e.id <= $2 GROUP BY 1, 2, 3`,
		scanEventSums,
	},
	{
		listAudit, "audit",
		`SELECT a.id, a.at, a.places FROM audit a WHERE a.id > $1 AND a.id <= $2`,
		scanAuditSums,
	},
	{
		listMigrations, "ledger",
		// ledger_sides has no index by id alone: each side is found by its migration.
		`SELECT m.id, m.at, (SELECT string_agg(CAST(v.workspace_id AS TEXT), ',' ORDER BY v.workspace_id) FROM ledger_sides v WHERE v.ledger_id = m.id)
		FROM ledger m WHERE m.id > $1 AND m.id <= $2 AND m.kind = ` + migrationEntry,
		scanMigrationSums,
	},
}

// listCell identifies a row of list_tally.
type listCell struct {
	list            listKind
	key, sub, block int64
}

// listCount is the content of a row of list_tally: how many rows, and their first and last
// instants.
type listCount struct{ items, first, last int64 }

// listSums are new counts, and the sets of sides that they refer to.
type listSums struct {
	cells map[listCell]listCount
	sets  map[int64][]int64 // the Workspaces of each set
}

func newListSums() listSums { return listSums{map[listCell]listCount{}, map[int64][]int64{}} }

func (s listSums) add(cell listCell, n listCount) {
	if have, ok := s.cells[cell]; ok {
		n = listCount{have.items + n.items, min(have.first, n.first), max(have.last, n.last)}
	}
	s.cells[cell] = n
}

func scanEventSums(r rows, s listSums) error {
	var ws, user, block int64
	var n listCount
	err := r.Scan(&ws, &user, &block, &n.items, &n.first, &n.last)
	s.add(listCell{listEvents, ws, 0, block}, n)
	if user != 0 {
		s.add(listCell{listUserEvents, ws, user, block}, n)
	}
	return err
}

func scanAuditSums(r rows, s listSums) error {
	var id, at int64
	var places string
	err := r.Scan(&id, &at, &places)
	for _, ws := range idsOf(places) {
		s.add(listCell{listAudit, ws, 0, id >> listBlockBits}, listCount{1, at, at})
	}
	return err
}

func scanMigrationSums(r rows, s listSums) error {
	var id, at int64
	var sides *string
	if err := r.Scan(&id, &at, &sides); err != nil {
		return err
	}
	one := listCount{1, at, at}
	s.add(listCell{listAllMoves, 0, 0, id >> listBlockBits}, one)
	if sides == nil {
		return nil // fsck names it
	}
	members := slices.Compact(idsOf(*sides))
	set := setID(members)
	s.sets[set] = members
	s.add(listCell{listMigrations, set, 0, id >> listBlockBits}, one)
	s.add(listCell{listSetTotals, set, 0, 0}, one)
	return nil
}

// idsOf parses ids separated by commas, as this program writes them.
func idsOf(text string) (ids []int64) {
	for _, id := range strings.Split(text, ",") {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			ids = append(ids, n)
		}
	}
	return ids
}

// setID returns the number of a set of Workspaces in ascending order.
func setID(members []int64) int64 {
	sum := sha256.Sum256(fmt.Append(nil, members))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

// collect reads the counts of the rows of a table with ids above from, up to to.
func (tx *Tx) collect(ctx context.Context, f listFeed, from, to int64, s listSums) error {
	return tx.queryEach(ctx, f.text, []any{from, to}, func(r rows) error { return f.scan(r, s) })
}

// addSums adds counts to list_tally, in a fixed order.
func (tx *Tx) addSums(ctx context.Context, s listSums) error {
	cells := make([]listCell, 0, len(s.cells))
	for c := range s.cells {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, listCell.compare)
	if tx.d == Postgres {
		err := tx.execNamed(ctx, addSumsPostgres, params{
			"lists":  column(cells, func(c listCell) int64 { return int64(c.list) }),
			"keys":   column(cells, func(c listCell) int64 { return c.key }),
			"subs":   column(cells, func(c listCell) int64 { return c.sub }),
			"blocks": column(cells, func(c listCell) int64 { return c.block }),
			"items":  column(cells, func(c listCell) int64 { return s.cells[c].items }),
			"firsts": column(cells, func(c listCell) int64 { return s.cells[c].first }),
			"lasts":  column(cells, func(c listCell) int64 { return s.cells[c].last }),
		})
		if err != nil {
			return err
		}
		return tx.addSets(ctx, s)
	}
	for _, c := range cells {
		n := s.cells[c]
		err := tx.execNamed(ctx, addSumsSQLite, params{
			"list": int64(c.list), "key": c.key, "sub": c.sub, "block": c.block,
			"items": n.items, "first_at": n.first, "last_at": n.last,
		})
		if err != nil {
			return err
		}
	}
	return tx.addSets(ctx, s)
}

const addSumsInto = "INSERT INTO list_tally (list, key, sub, block, items, first_at, last_at) "

var (
	addSumsSQLite = insertion("list_tally", "list key sub block items first_at last_at", `
		ON CONFLICT (list, key, sub, block) DO UPDATE SET items = list_tally.items + excluded.items,
		first_at = min(list_tally.first_at, excluded.first_at), last_at = max(list_tally.last_at, excluded.last_at)`)

	addSumsPostgres = named(addSumsInto + `
		SELECT * FROM unnest(:lists::smallint[], :keys::bigint[], :subs::bigint[], :blocks::bigint[], :items::bigint[], :firsts::bigint[], :lasts::bigint[])
		ON CONFLICT (list, key, sub, block) DO UPDATE SET items = list_tally.items + excluded.items,
		first_at = LEAST(list_tally.first_at, excluded.first_at), last_at = GREATEST(list_tally.last_at, excluded.last_at)`)
)

// addSets adds the sets of sides that are new.
func (tx *Tx) addSets(ctx context.Context, s listSums) error {
	for set, members := range s.sets {
		for _, ws := range members {
			err := tx.exec(ctx, "INSERT INTO ledger_sets (workspace_id, set_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", ws, set)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// foldBatch is how many ids one transaction counts: SQLite has one writer at a time.
const foldBatch = 20_000

// minFold is the number of new ids from which a transaction folds them; a list counts fewer itself.
const minFold = 500

// FoldLists counts the rows of events, audit entries and migrations that are not counted yet,
// at most foldBatch ids of each. It changes no list, only the cost of reading it. Several
// servers may call it. least is the minimum number of new ids, 0 for minFold. more reports
// whether there is more to count.
func (s *Store) FoldLists(ctx context.Context, least int64) (more bool, err error) {
	if err := s.foldChanges(ctx); err != nil {
		return false, err
	}
	for _, f := range listFeeds {
		var upto, highest int64
		err := s.Read(ctx, func(tx *Tx) (err error) {
			upto, highest, err = tx.uncounted(ctx, f)
			return err
		})
		if err != nil {
			return false, err
		}
		if highest-upto < max(1, cmp.Or(least, minFold)) {
			continue
		}
		to := min(highest, upto+foldBatch)
		decided, err := s.decided(ctx, f.table)
		if err != nil {
			return false, err
		}
		if !decided {
			continue
		}
		if err := s.Update(ctx, func(tx *Tx) error { return tx.foldFeed(ctx, f, upto, to) }); err != nil {
			return false, err
		}
		more = more || to < highest
	}
	return more, nil
}

// foldChanges adds the changes of counts to the counts.
func (s *Store) foldChanges(ctx context.Context) error {
	changed := false
	err := s.Read(ctx, func(tx *Tx) (err error) {
		var one int
		changed, err = tx.queryRow(ctx, "SELECT 1 FROM list_changes LIMIT 1", nil, &one)
		return err
	})
	if err != nil || !changed {
		return err
	}
	return s.Update(ctx, func(tx *Tx) error {
		if tx.d == Postgres {
			var ours bool
			if _, err := tx.queryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", []any{foldLock + int64(listDevices)}, &ours); err != nil || !ours {
				return err
			}
			return tx.exec(ctx, `WITH gone AS (DELETE FROM list_changes RETURNING list, key, sub, block, items) `+addSumsInto+`
				SELECT list, key, sub, block, sum(items), 0, 0 FROM gone GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`+addChanged)
		}
		err := tx.exec(ctx, addSumsInto+"SELECT list, key, sub, block, sum(items), 0, 0 FROM list_changes WHERE TRUE GROUP BY 1, 2, 3, 4"+addChanged)
		if err != nil {
			return err
		}
		return tx.exec(ctx, "DELETE FROM list_changes")
	})
}

const addChanged = ` ON CONFLICT (list, key, sub, block) DO UPDATE SET items = list_tally.items + excluded.items`

// uncounted returns the highest id that is counted, and the highest that is visible.
func (tx *Tx) uncounted(ctx context.Context, f listFeed) (upto, highest int64, err error) {
	_, err = tx.queryRow(ctx, "SELECT (SELECT upto FROM list_upto WHERE list = $1), COALESCE((SELECT max(id) FROM "+f.table+"), 0)",
		[]any{int64(f.upto)}, &upto, &highest)
	return upto, highest, err
}

// foldFeed counts the rows of a table with ids above from, up to to, unless another server has.
func (tx *Tx) foldFeed(ctx context.Context, f listFeed, from, to int64) error {
	if tx.d == Postgres {
		var ours bool
		if _, err := tx.queryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", []any{foldLock + int64(f.upto)}, &ours); err != nil || !ours {
			return err
		}
	}
	upto, highest, err := tx.uncounted(ctx, f)
	if err != nil || upto != from || highest < to {
		return err
	}
	s := newListSums()
	if err := tx.collect(ctx, f, from, to, s); err != nil {
		return err
	}
	if err := tx.addSums(ctx, s); err != nil {
		return err
	}
	return tx.exec(ctx, "UPDATE list_upto SET upto = $2 WHERE list = $1", int64(f.upto), to)
}

// decideTries bounds how often decided looks, with a pause of up to decidePause in between.
const decideTries = 8

// decided waits until all rows of a table are committed or rolled back whose ids may be lower
// than one that was visible before. A transaction locks the table before it takes an id from
// the sequence, and releases the lock after its rows are visible. So it waits for those that
// hold the lock now. It returns false if one holds it for long: the rows are counted later.
// SQLite has one writer, and its ids are in the order of the commits.
func (s *Store) decided(ctx context.Context, table string) (ok bool, err error) {
	if s.Dialect() == SQLite {
		return true, nil
	}
	var first map[string]bool
	for attempt := 1; attempt <= decideTries; attempt++ {
		var now map[string]bool
		err := s.Read(ctx, func(tx *Tx) (err error) {
			now, err = tx.writersOf(ctx, table)
			return err
		})
		if err != nil {
			return false, err
		}
		if first == nil {
			first = now
		}
		for writer := range first {
			if !now[writer] {
				delete(first, writer)
			}
		}
		if len(first) == 0 {
			return true, nil
		}
		if !pause(ctx, attempt) {
			return false, ctx.Err()
		}
	}
	return false, nil
}

// writersOf returns the transactions that hold the lock of a writer on a table of PostgreSQL.
func (tx *Tx) writersOf(ctx context.Context, table string) (map[string]bool, error) {
	found := map[string]bool{}
	err := tx.queryEach(ctx, `SELECT virtualtransaction FROM pg_locks
		WHERE locktype = 'relation' AND relation = to_regclass($1)
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`, []any{table}, func(r rows) error {
		var writer string
		err := r.Scan(&writer)
		found[writer] = true
		return err
	})
	return found, err
}
