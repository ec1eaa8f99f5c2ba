package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// liveStatuses are the statuses of the SIMs that a list shows by default.
var liveStatuses = []int64{int64(fleet.SIMIssued), int64(fleet.SIMActivated), int64(fleet.SIMSuspended), int64(fleet.SIMFactoryTest)}

// counted identifies the counts of a list: a key of the tally and statuses.
type counted struct {
	key      fleet.WorkspaceID
	statuses []int64
}

// tallied reports whether the tally has a list's total and pages, and returns its counts. It
// covers the SIMs of one Workspace, perhaps of some statuses, by id; and all SIMs that an issuer
// or a reseller sees, by id.
func tallied(ws fleet.Workspace, l fleet.List) (c counted, ok bool) {
	if len(l.Sort) != 1 || l.Sort[0].Field != "id" {
		return c, false
	}
	switch {
	case ws.Type != fleet.Enterprise:
		return seenBy(ws.ID), len(l.Filters) == 0
	case len(l.Filters) == 0:
		return counted{ws.ID, liveStatuses}, true
	case len(l.Filters) == 1 && l.Filters[0].Field.Name == "status" && !l.Filters[0].Null:
		return counted{ws.ID, l.Filters[0].Numbers}, true
	}
	return c, false
}

// blockCount is how many SIMs a block has.
type blockCount struct{ block, sims int64 }

// blocks reads the counts of the blocks from first to last on a level, by block: the folded
// counts and the changes since.
func (tx *Tx) blocks(ctx context.Context, c counted, level int, first, last int64) ([]blockCount, error) {
	w := where{tx: tx}
	id, in, from, to := w.arg(int64(c.key)), w.arg(arrayParam(tx, c.statuses)), w.arg(first), w.arg(last)
	statusIn := tx.dialectSQL("status IN (SELECT value FROM json_each(%s))", "status = ANY(%s::bigint[])", in)
	shift := (level - 1) * groupBits
	text := fmt.Sprintf(`
		SELECT block, CAST(sum(sims) AS BIGINT) FROM (
			SELECT block, sims FROM sim_tally
			WHERE workspace_id = %[1]s AND level = %[5]d AND %[2]s AND block BETWEEN %[3]s AND %[4]s
			UNION ALL
			SELECT block >> %[6]d, sims FROM sim_tally_changes
			WHERE workspace_id = %[1]s AND %[2]s AND block >> %[6]d BETWEEN %[3]s AND %[4]s
		) t GROUP BY block ORDER BY block`, id, statusIn, from, to, level, shift)
	var counts []blockCount
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		var c blockCount
		err := r.Scan(&c.block, &c.sims)
		counts = append(counts, c)
		return err
	})
	return counts, err
}

// place is the start of a page: after skip SIMs of the block, from its start or, in a
// descending list, from its end. Without a block it is after skip SIMs of the whole list.
type place struct{ block, skip int64 }

const noBlock = -1

// from adds the condition that a SIM s is in the block of a page or after it.
func (w *where) from(p place, descending bool) {
	switch {
	case p.block == noBlock:
	case descending:
		w.and("s.id < " + w.arg((p.block+1)<<blockBits))
	default:
		w.and("s.id >= " + w.arg(p.block<<blockBits))
	}
}

// find walks the blocks to the one that holds the SIM with offset SIMs before it.
func find(counts []blockCount, offset int64, descending bool) place {
	at := func(i int) blockCount {
		if descending {
			return counts[len(counts)-1-i]
		}
		return counts[i]
	}
	for i := range counts {
		if offset < at(i).sims || i == len(counts)-1 {
			return place{at(i).block, offset}
		}
		offset -= at(i).sims
	}
	return place{}
}

// seek finds the beginning of a page, in two steps down the levels. top are the counts of level 2.
func (tx *Tx) seek(ctx context.Context, c counted, top []blockCount, offset int, descending bool) (place, error) {
	if offset == 0 || len(top) == 0 {
		return place{noBlock, int64(offset)}, nil
	}
	p := find(top, int64(offset), descending)
	counts, err := tx.blocks(ctx, c, 1, p.block<<groupBits, (p.block+1)<<groupBits-1)
	return find(counts, p.skip, descending), err
}

func total(counts []blockCount) (n int64) {
	for _, c := range counts {
		n += c.sims
	}
	return n
}

// tallyBeyond counts the SIMs after the cursor of a list: whole blocks from the tally, and the
// SIMs of the cursor's own block, which are few, one by one.
func (tx *Tx) tallyBeyond(ctx context.Context, w *where, c counted, l fleet.List) (int, error) {
	block := *l.After >> blockBits
	group := block >> groupBits
	const first, last = int64(0), int64(1) << 62
	far, near := [2]int64{group + 1, last}, [2]int64{block + 1, (group+1)<<groupBits - 1}
	if descending, _ := l.ByID(); descending {
		far, near = [2]int64{first, group - 1}, [2]int64{group << groupBits, block - 1}
	}
	groups, err := tx.blocks(ctx, c, 2, far[0], far[1])
	if err != nil {
		return 0, err
	}
	blocks, err := tx.blocks(ctx, c, 1, near[0], near[1])
	if err != nil {
		return 0, err
	}
	var inside int64
	own := where{tx: tx, terms: slices.Clone(w.terms), args: slices.Clone(w.args)}
	own.and("s.id >= " + own.arg(block<<blockBits))
	own.and("s.id <= " + own.arg((block+1)<<blockBits-1))
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM sims s WHERE "+own.String(), own.args, &inside)
	return int(total(groups) + total(blocks) + inside), err
}
