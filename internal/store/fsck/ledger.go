package fsck

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// checkedEntry is a ledger entry on the walk, with the sums of its lines and sides.
type checkedEntry struct {
	id, target, sims   int64
	kind               fleet.LedgerKind
	delta              uint64 // as stored, less the lines read so far; zero if correct
	lines, misdirected int64
	misdirectedSIM     int64  // a SIM among those astray
	entered            int64  // SIMs that entered the target, according to its side
	left               uint64 // lines by their source, less the sides of sources
	hasInvalidSide     bool   // a side is invalid
	ordinals           uint64 // the weights of the lines' ordinals, less the expected ones
}

func (e *checkedEntry) migrates() bool { return e.kind == fleet.LedgerMigration }

// entryRun is the ledger entries with ids above lo, up to and including hi.
type entryRun struct {
	lo, hi  int64
	entries []checkedEntry
	last    int // position of the last entry found
	lost    int64
}

// wholeLedger checks all entries together with their lines and sides.
func (f *checker) wholeLedger(ctx context.Context) error {
	for lo := int64(math.MinInt64); ; {
		run := entryRun{lo: lo, hi: math.MaxInt64}
		if err := f.state.timed(func() error { return f.readEntries(ctx, &run) }); err != nil {
			return err
		}
		if err := f.counted.timed(func() error { return f.readLines(ctx, &run) }); err != nil {
			return err
		}
		if err := f.sides.timed(func() error { return f.readSides(ctx, &run) }); err != nil {
			return err
		}
		for i := range run.entries {
			f.judgeEntry(&run.entries[i])
		}
		if run.hi == math.MaxInt64 {
			return nil
		}
		lo = run.hi
	}
}

func (f *checker) readEntries(ctx context.Context, run *entryRun) error {
	run.entries = make([]checkedEntry, 0, f.run)
	text := "SELECT id, kind, COALESCE(target_id, 0), sims, delta, ids_delta FROM ledger WHERE id > $1 ORDER BY id LIMIT $2"
	err := f.db.QueryEach(ctx, text, []any{run.lo, f.run}, func(r store.Row) error {
		var e checkedEntry
		var delta, ids int64
		err := r.Scan(&e.id, &e.kind, &e.target, &e.sims, &delta, &ids)
		e.delta = uint64(delta)
		f.entries++
		f.sums.AddEntry(delta, ids)
		if e.kind == fleet.LedgerImport {
			f.imported += e.sims
		}
		run.entries = append(run.entries, e)
		return err
	})
	if n := len(run.entries); n == f.run {
		run.hi = run.entries[n-1].id
	}
	return err
}

// find returns the entry with an id, nil if it does not exist. It tries the last result first.
func (run *entryRun) find(id int64) *checkedEntry {
	if run.last < len(run.entries) && run.entries[run.last].id == id {
		return &run.entries[run.last]
	}
	i, found := slices.BinarySearchFunc(run.entries, id, func(e checkedEntry, id int64) int { return cmp.Compare(e.id, id) })
	if !found {
		return nil
	}
	run.last = i
	return &run.entries[i]
}

func (f *checker) readLines(ctx context.Context, run *entryRun) error {
	scanner := newLineScanner()
	var ordinal int64
	text := "SELECT " + checkedLineColumns + ", ordinal FROM ledger_lines WHERE ledger_id > $1 AND ledger_id <= $2"
	return f.db.QueryEach(ctx, text, []any{run.lo, run.hi}, func(r store.Row) error {
		l, err := scanner.scan(r, &ordinal)
		switch e := run.find(l.entry); {
		case err != nil:
		case e != nil:
			e.take(l)
			e.ordinals += placeWeight(ordinal) - placeWeight(e.lines)
		case l.entry != run.lost:
			run.lost = l.entry
			f.counted.fail("entry", l.entry, "it does not exist, but SIM %d has a line of it", l.after.ID)
		}
		return err
	})
}

func (e *checkedEntry) take(l checkedLine) {
	e.lines++
	e.delta ^= fleet.Checksum(l.before) ^ fleet.Checksum(l.after)
	e.left += source(int64(l.before.Workspace))
	if e.migrates() && int64(l.after.Workspace) != e.target {
		e.misdirected++
		e.misdirectedSIM = int64(l.after.ID)
	}
}

// placeWeight returns the weight of an ordinal within an entry.
func placeWeight(ordinal int64) uint64 { return fleet.Checksum(fleet.SIMState{Version: ordinal}) }

// source returns the weight of one SIM that came from a Workspace.
func source(ws int64) uint64 { return fleet.Checksum(fleet.SIMState{Workspace: fleet.WorkspaceID(ws)}) }

func (f *checker) readSides(ctx context.Context, run *entryRun) error {
	text := "SELECT ledger_id, workspace_id, side, sims FROM ledger_sides WHERE ledger_id > $1 AND ledger_id <= $2"
	var id, ws, side, sims int64
	return f.db.QueryEach(ctx, text, []any{run.lo, run.hi}, func(r store.Row) error {
		err := r.Scan(&id, &ws, &side, &sims)
		f.sideRows++
		switch e := run.find(id); {
		case err != nil:
		case e == nil:
			f.sides.fail("entry", id, "it does not exist, but Workspace %d is a side of it", ws)
		case side == 0:
			e.left -= uint64(sims) * source(ws)
		case ws == e.target:
			e.entered += sims
		default:
			e.hasInvalidSide = true
		}
		return err
	})
}

// judgeEntry reports the faults of an entry after all its rows have been read. Imports have no
// lines: the sum of their checksums is compared with the SIMs.
func (f *checker) judgeEntry(e *checkedEntry) {
	want := e.sims
	if e.kind == fleet.LedgerImport {
		want = 0
	} else if e.delta != 0 {
		f.deltas.fail("entry", e.id, "its checksum and that of its lines differ by %016x", e.delta)
	}
	if e.lines != want {
		f.counted.fail("entry", e.id, "it has %d lines and should have %d", e.lines, want)
	} else if e.ordinals != 0 {
		f.counted.fail("entry", e.id, "its lines are not numbered from 1 to %d", e.lines)
	}
	if e.misdirected > 0 {
		f.targets.fail("entry", e.id, "%d of its lines do not lead to Workspace %d, that of SIM %d for one", e.misdirected, e.target, e.misdirectedSIM)
	}
	if e.migrates() && (e.left != 0 || e.entered != e.lines || e.hasInvalidSide) {
		f.sides.fail("entry", e.id, "its sides do not match its %d lines", e.lines)
	}
}
