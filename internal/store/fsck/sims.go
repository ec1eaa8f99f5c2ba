package fsck

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// checkedSIM is a SIM being checked, with the state from its lines and events.
type checkedSIM struct {
	fleet.SIMState
	trail
	eventSum
	sealed
}

// simRun is the SIMs with ids above lo, up to and including hi, in their order.
type simRun struct {
	lo, hi  int64
	sims    []checkedSIM
	missing map[int64]*eventSum // by the id of a missing SIM
}

// allSIMs checks all SIMs in the order of their ids, together with their lines and events. The
// runs cover all ids, so that lines of missing SIMs are found as well.
func (f *checker) allSIMs(ctx context.Context) error {
	for lo := int64(math.MinInt64); ; {
		run := simRun{lo: lo, hi: math.MaxInt64, missing: make(map[int64]*eventSum)}
		if err := f.conserved.timed(func() error { return f.readSIMs(ctx, &run) }); err != nil {
			return err
		}
		if err := f.identity.timed(func() error { return f.readSeals(ctx, &run) }); err != nil {
			return err
		}
		if err := f.history.timed(func() error { return f.readHistory(ctx, &run) }); err != nil {
			return err
		}
		if err := f.simEvents.timed(func() error { return f.readEvents(ctx, &run) }); err != nil {
			return err
		}
		if run.hi == math.MaxInt64 {
			return nil
		}
		lo = run.hi
	}
}

func (f *checker) readSIMs(ctx context.Context, run *simRun) error {
	run.sims = make([]checkedSIM, 0, f.run)
	text := "SELECT " + store.CheckedColumns + " FROM sims WHERE id > $1 ORDER BY id LIMIT $2"
	last := run.lo
	err := f.db.QueryEach(ctx, text, []any{run.lo, f.run}, func(r store.Row) error {
		s, err := store.ScanChecked(r)
		if id := int64(s.ID); id <= last {
			f.conserved.fail("SIM", id, "it exists twice")
		} else {
			last = id
		}
		f.sums.AddSIM(s)
		run.sims = append(run.sims, checkedSIM{SIMState: s})
		return err
	})
	if len(run.sims) == f.run {
		run.hi = last
	}
	return err
}

// find returns the SIM with an id, nil if it does not exist.
func (run *simRun) find(id int64) *checkedSIM {
	i, found := slices.BinarySearchFunc(run.sims, id, func(s checkedSIM, id int64) int { return cmp.Compare(int64(s.ID), id) })
	if !found {
		return nil
	}
	return &run.sims[i]
}

// eventSumOf returns the event sum of a SIM, which may be missing.
func (run *simRun) eventSumOf(id int64) *eventSum {
	if s := run.find(id); s != nil {
		return &s.eventSum
	}
	t := run.missing[id]
	if t == nil {
		t = &eventSum{}
		run.missing[id] = t
	}
	return t
}

// checkedLine is a line of the ledger as the database has it.
type checkedLine struct {
	entry         int64
	before, after fleet.SIMState
}

const checkedLineColumns = `ledger_id, sim_id, version, workspace_before, workspace_after, status_before, status_after,
	COALESCE(device_before, 0), COALESCE(device_after, 0)`

// activationColumn is the time at which a line left its SIM activated; NULL if it did not.
var activationColumn = `, CASE WHEN status_after = ` + activatedSIM + ` THEN (SELECT m.at FROM ledger m WHERE m.id = ledger_id) END`

// lineScanner scans all lines into the same variables.
type lineScanner struct {
	v    [9]int64
	into [9]any
}

func newLineScanner() *lineScanner {
	s := &lineScanner{}
	for i := range s.v {
		s.into[i] = &s.v[i]
	}
	return s
}

func (s *lineScanner) scan(r store.Row, more ...any) (checkedLine, error) {
	err := r.Scan(append(s.into[:], more...)...)
	id, version := fleet.SIMID(s.v[1]), s.v[2]
	return checkedLine{
		entry:  s.v[0],
		before: fleet.SIMState{ID: id, Version: version - 1, Workspace: fleet.WorkspaceID(s.v[3]), Status: fleet.SIMStatus(s.v[5]), Device: fleet.DeviceID(s.v[7])},
		after:  fleet.SIMState{ID: id, Version: version, Workspace: fleet.WorkspaceID(s.v[4]), Status: fleet.SIMStatus(s.v[6]), Device: fleet.DeviceID(s.v[8])},
	}, err
}
