package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// longList describes a list that may have millions of rows: which counts are kept of it, and
// how its rows are found.
type longList struct {
	kind, upto listKind // in list_tally and list_upto
	changes    bool     // list_changes has changes of the counts; they cover all rows
	alias      string   // of its rows in a statement
	id, at     string   // the columns of its rows that list_tally is about
	fields     map[string]string
	within     map[string]string
	special    map[string]specialFilter
	things     string // in messages
	advice     string // what to add to a list that is refused

	// keys is the condition on list_tally t that selects the counts of the list.
	keys func(w *where) string
	// crowded is true if the counts are too many to sum up for each block; totals is the kind
	// that has them in total.
	crowded bool
	totals  listKind
	// rows selects the rows in the scope of the list with ids in a range. If part is not nil,
	// it selects only the first of them.
	rows func(w *where, ids idText, part *listPart) string
	// found selects rows that an index finds by a filter; ok is false if there is none for it.
	// They may be more than the scope, which scope adds as a condition.
	found func(w *where, f fleet.Filter) (text string, ok bool)
	scope func(w *where)
	// affordable, if not nil, returns an error if the filters would have to read too many
	// other rows for those of the source.
	affordable func(ctx context.Context, source listSource, w where, l fleet.List) error
}

// idText is a range of ids, as SQL expressions; both ends are included.
type idText struct{ first, last string }

// listPart is the first rows of a list by id.
type listPart struct {
	descending bool
	limit      int64
}

// order returns the ORDER BY and LIMIT of a part by a column; "" if p is nil.
func (p *listPart) order(column string) string {
	switch {
	case p == nil:
		return ""
	case p.descending:
		column += " DESC"
	}
	return fmt.Sprintf(" ORDER BY %s LIMIT %d", column, p.limit)
}

// listBlock is a range of ids, with the number of its rows and the range of their times.
type listBlock struct {
	first, last int64 // ids
	rows        int64
	from, until int64 // times, both included
	whole       bool  // all its rows are in the window
}

// window is the range of ids and times that the filters of a list allow. Rows outside of it cannot
// match.
type window struct {
	first, last int64 // ids, both included
	from, until int64 // times; until is excluded
	timed       bool  // the times are bounded
	exact       bool  // every row in the window matches
}

// windowOf returns the window of a list.
func (b *longList) windowOf(l fleet.List) window {
	n := window{0, math.MaxInt64, math.MinInt64, math.MaxInt64, false, true}
	if l.After != nil {
		if descending, _ := l.ByID(); descending {
			n.last = *l.After - 1
		} else {
			n.first = *l.After + 1
		}
	}
	if l.UpTo != nil {
		n.last = min(n.last, *l.UpTo)
	}
	for _, f := range l.Filters {
		if b.at == "" || b.fields[f.Field.Name] != b.at || f.Null || len(f.Times) == 0 {
			n.exact = false
			continue
		}
		n.timed = true
		n.exact = n.exact && len(f.Times) == 1
		n.bound(f)
	}
	return n
}

// bound narrows a window to the span of the times of a filter.
func (n *window) bound(f fleet.Filter) {
	from, until := int64(math.MaxInt64), int64(math.MinInt64)
	for _, r := range f.Times {
		switch f.Field.Kind {
		case fleet.FromField:
			from, until = min(from, micros(r.From)), math.MaxInt64
		case fleet.UntilField:
			from, until = math.MinInt64, max(until, micros(r.Until))
		default:
			from, until = min(from, micros(r.From)), max(until, micros(r.Until))
		}
	}
	n.from, n.until = max(n.from, from), min(n.until, until)
}

// within returns the blocks that have rows in the window, and the number of their rows.
func (n window) within(blocks []listBlock) (found []listBlock, rows int64) {
	for _, k := range blocks {
		if k.rows == 0 || k.last < n.first || k.first > n.last || n.timed && (k.until < n.from || k.from >= n.until) {
			continue
		}
		k.whole = k.first >= n.first && k.last <= n.last && (!n.timed || k.from >= n.from && k.until < n.until)
		k.first, k.last = max(k.first, n.first), min(k.last, n.last)
		found, rows = append(found, k), rows+k.rows
	}
	return found, rows
}

// span returns the ids from the first block to the last.
func span(blocks []listBlock) idText {
	if len(blocks) == 0 {
		return idText{"1", "0"}
	}
	return idText{fmt.Sprint(blocks[0].first), fmt.Sprint(blocks[len(blocks)-1].last)}
}

// planned is how a page of a list is read.
type planned struct {
	source listSource
	w      where
	total  int
	page   int // its number
	offset int // how many rows of the source precede it
}

// plan finds the total of a list and the start of its page. It goes through at most tx.most
// rows. Errors: BadQuery or BadSort if it would have to go through more; the message says what
// to add.
func (tx *Tx) plan(ctx context.Context, b *longList, l fleet.List) (p planned, err error) {
	for _, f := range l.Filters {
		w := where{tx: tx, within: b.within, special: b.special}
		text, ok := b.found(&w, f)
		if !ok {
			continue
		}
		if few, err := tx.fewRows(ctx, text, w.args); err != nil || few {
			if err == nil {
				b.scope(&w)
			}
			return tx.counted(ctx, b, l, text, w, err)
		}
	}
	blocks, err := tx.listBlocks(ctx, b)
	if err != nil {
		return p, err
	}
	n := b.windowOf(l)
	in, rows := n.within(blocks)
	_, byID := l.ByID()
	if byID && n.exact {
		if p, ok, err := tx.tallied(ctx, b, l, n, in); ok || err != nil {
			return p, err
		}
	}
	if rows <= int64(tx.most) {
		w := where{tx: tx, within: b.within, special: b.special}
		text := b.rows(&w, span(in), nil)
		return tx.counted(ctx, b, l, text, w, nil)
	}
	return p, tx.tooMany(l, b.things, b.advice)
}

// counted plans a list within rows that are few enough to count.
func (tx *Tx) counted(ctx context.Context, b *longList, l fleet.List, text string, w where, err error) (planned, error) {
	p := planned{source: b.sourceOf(text), w: w}
	if err != nil {
		return p, err
	}
	if b.affordable != nil {
		if err := b.affordable(ctx, p.source, w, l); err != nil {
			return p, err
		}
	}
	p.w.filter(l, b.fields)
	_, err = tx.queryRow(ctx, p.source.with+"SELECT count(*) FROM "+p.source.table+" WHERE "+p.w.String(), p.w.args, &p.total)
	p.page, p.offset = l.At(p.total)
	return p, err
}

// sourceOf makes the rows of a list a common table expression: an engine that saw all
// conditions together might take another index.
func (b *longList) sourceOf(text string) listSource {
	return listSource{"WITH " + b.alias + " AS MATERIALIZED (" + text + ") ", b.alias}
}

// maxPartial is how many blocks may be counted row by row for one list.
const maxPartial = 8

// tallied plans a list by id whose filters are only about ids and instants: its total is the
// sum of whole blocks, and of the rows of a few blocks at the ends of the window.
func (tx *Tx) tallied(ctx context.Context, b *longList, l fleet.List, n window, in []listBlock) (p planned, ok bool, err error) {
	partial := 0
	for i := range in {
		if in[i].whole {
			continue
		}
		if partial++; partial > maxPartial {
			return p, false, nil
		}
		w := where{tx: tx}
		source := b.sourceOf(b.rows(&w, span(in[i:i+1]), nil))
		w.filter(l, b.fields)
		if _, err := tx.queryRow(ctx, source.with+"SELECT count(*) FROM "+source.table+" WHERE "+w.String(), w.args, &in[i].rows); err != nil {
			return p, false, err
		}
	}
	for _, k := range in {
		p.total += int(k.rows)
	}
	p.page, p.offset = l.At(p.total)
	descending, _ := l.ByID()
	in, p.offset = cover(in, p.offset, l.PerPage, descending)
	if b.crowded && p.offset > tx.most {
		return p, false, tx.tooFar(b.things)
	}
	var part *listPart
	if !n.timed {
		part = &listPart{descending, int64(p.offset + l.PerPage)}
	}
	p.w = where{tx: tx}
	p.source = b.sourceOf(b.rows(&p.w, span(in), part))
	p.w.filter(l, b.fields)
	return p, true, nil
}

// cover returns the blocks that a page is in, and how many rows of them precede it.
func cover(in []listBlock, offset, perPage int, descending bool) (part []listBlock, skip int) {
	at := func(i int) *listBlock {
		if descending {
			return &in[len(in)-1-i]
		}
		return &in[i]
	}
	first := 0
	for first < len(in)-1 && int64(offset) >= at(first).rows {
		offset -= int(at(first).rows)
		first++
	}
	last, rows := first, int64(0)
	for ; last < len(in); last++ {
		if rows += at(last).rows; rows >= int64(offset+perPage) {
			last++
			break
		}
	}
	if descending {
		return in[len(in)-last : len(in)-first], offset
	}
	return in[first:last], offset
}

// listBlocks reads the blocks of a list, by id: those that are counted, and one with the rows
// that are not counted yet.
func (tx *Tx) listBlocks(ctx context.Context, b *longList) (blocks []listBlock, err error) {
	w := where{tx: tx}
	text := b.countsText(&w)
	var block int64
	var k listBlock
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		err := r.Scan(&block, &k.rows, &k.from, &k.until)
		k.first, k.last = block<<listBlockBits, (block+1)<<listBlockBits-1
		blocks = append(blocks, k)
		return err
	})
	if err != nil || b.changes {
		return blocks, err
	}
	rest := blocks[0] // about the rows that are not counted yet
	blocks = blocks[1:]
	if b.crowded {
		for _, k := range blocks {
			rest.rows += k.rows
		}
		return []listBlock{{0, math.MaxInt64, rest.rows, math.MinInt64, math.MaxInt64, false}}, nil
	}
	if n := len(blocks); n > 0 {
		blocks[n-1].last = min(blocks[n-1].last, rest.from) // it may be counted in part
	}
	return append(blocks, listBlock{rest.from + 1, math.MaxInt64, rest.rows, math.MinInt64, math.MaxInt64, false}), nil
}

// countsText selects the counts of the blocks of a list, by block. If rows may not be counted
// yet, a row precedes them: their number, and the id up to which rows are counted.
func (b *longList) countsText(w *where) string {
	if b.changes {
		return fmt.Sprintf(`SELECT block, CAST(sum(items) AS BIGINT), 0, 0 FROM (
				SELECT t.block, t.items FROM list_tally t WHERE t.list = %[1]d AND %[2]s
				UNION ALL SELECT t.block, t.items FROM list_changes t WHERE t.list = %[1]d AND %[2]s
			) u GROUP BY block ORDER BY block`, b.kind, b.keys(w))
	}
	kind := b.kind
	if b.crowded {
		kind = b.totals
	}
	upto := fmt.Sprintf("(SELECT k.upto FROM list_upto k WHERE k.list = %d)", b.upto)
	return fmt.Sprintf(`SELECT t.block, CAST(sum(t.items) AS BIGINT), min(t.first_at), max(t.last_at) FROM list_tally t
		WHERE t.list = %d AND %s GROUP BY t.block
		UNION ALL SELECT -1, (SELECT count(*) FROM (%s) r), %s, 0 ORDER BY 1`,
		kind, b.keys(w), b.rows(w, idText{upto + " + 1", fmt.Sprint(math.MaxInt64)}, nil), upto)
}

// tooMany refuses a list that no index serves, and says what to add.
func (tx *Tx) tooMany(l fleet.List, things, advice string) error {
	if _, byID := l.ByID(); !byID {
		return &fleet.Error{Code: fleet.BadSort, Field: "sort", Message: fmt.Sprintf(
			"sort: more than %d %s would have to be sorted by %s: sort by id, or %s", tx.most, things, l.Sort[0].Field, advice)}
	}
	return &fleet.Error{Code: fleet.BadQuery, Field: "q", Message: fmt.Sprintf(
		"q: more than %d %s would have to be looked through: %s", tx.most, things, advice)}
}

// tooFar refuses a page that could be reached only by skipping too many rows.
func (tx *Tx) tooFar(things string) error {
	return &fleet.Error{Code: fleet.BadQuery, Field: "page", Message: fmt.Sprintf(
		"page: more than %d %s would have to be skipped: continue with after, or add a filter by timestamp", tx.most, things)}
}

// joinSelects joins SELECTs with UNION, which removes duplicates.
func joinSelects(parts []string) string { return strings.Join(parts, " UNION ") }
