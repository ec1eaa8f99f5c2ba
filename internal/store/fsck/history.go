package fsck

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// trail follows the lines of one SIM in the order of their versions.
type trail struct {
	lines int64
	last  fleet.SIMState // after the last line
	gap   string         // the first fault, "" while there is none
}

// follow takes the next line.
func (t *trail) follow(l checkedLine) {
	t.lines++
	switch v := l.after.Version; {
	case t.gap != "":
	case v != t.lines:
		t.gap = fmt.Sprintf("version %d is where %d should be", v, t.lines)
	case t.lines > 1 && l.before != t.last:
		t.gap = fmt.Sprintf("version %d ended with %s, version %d begins with %s", v-1, describeState(t.last), v, describeState(l.before))
	}
	t.last = l.after
}

// end compares the trail with the SIM's state.
func (t *trail) end(s fleet.SIMState) string {
	switch {
	case t.gap != "":
		return t.gap
	case t.lines != s.Version:
		return fmt.Sprintf("it has version %d and %d lines", s.Version, t.lines)
	case t.lines > 0 && t.last != s:
		return fmt.Sprintf("its history ends with %s, it is in %s", describeState(t.last), describeState(s))
	}
	return ""
}

func describeState(s fleet.SIMState) string {
	return fmt.Sprintf("Workspace %d, %s, device %d", s.Workspace, s.Status, s.Device)
}

// readHistory follows the lines of a run.
func (f *checker) readHistory(ctx context.Context, run *simRun) error {
	next, lost := 0, int64(0)
	scanner := newLineScanner()
	var activation *int64
	text := "SELECT " + checkedLineColumns + activationColumn + " FROM ledger_lines WHERE sim_id > $1 AND sim_id <= $2 ORDER BY sim_id, version"
	err := f.db.QueryEach(ctx, text, []any{run.lo, run.hi}, func(r store.Row) error {
		l, err := scanner.scan(r, &activation)
		if err != nil {
			return err
		}
		f.lines++
		id := l.after.ID
		for next < len(run.sims) && run.sims[next].ID < id {
			next++
		}
		if next < len(run.sims) && run.sims[next].ID == id {
			run.sims[next].follow(l)
			run.sims[next].call(l)
			if s := &run.sims[next].sealed; activation != nil && s.activation == 0 {
				s.activation = *activation
			}
			return nil
		}
		run.eventSumOf(int64(id)).call(l)
		if int64(id) != lost {
			lost = int64(id)
			f.conserved.fail("SIM", lost, "it has a history, but does not exist")
		}
		return nil
	})
	for i := range run.sims {
		if s := &run.sims[i]; s.end(s.SIMState) != "" {
			f.history.fail("SIM", int64(s.ID), "%s", s.end(s.SIMState))
		}
		f.judgeSeal(&run.sims[i])
	}
	return err
}

// eventSum compares the expected events of a SIM's lines with the stored ones without keeping
// either: each event adds or subtracts a hash of its content.
type eventSum struct {
	called, found int
	sum           uint64
}

// call adds the expected events of a line, the same that lineEvents writes.
func (t *eventSum) call(l checkedLine) {
	before, after := l.before, l.after
	if before.Device != 0 && after.Device != before.Device {
		t.add(1, l.entry, int64(fleet.EventSIMReleased), before.Workspace, before.ID, before.Device)
	}
	if before.Status != after.Status {
		t.add(1, l.entry, int64(store.StatusEvents[after.Status]), before.Workspace, before.ID, before.Device)
	}
	if after.Device != 0 && after.Device != before.Device {
		t.add(1, l.entry, int64(fleet.EventSIMAssigned), after.Workspace, before.ID, after.Device)
	}
}

// add adds n expected events of a kind; n is -1 for a stored one.
func (t *eventSum) add(n int, entry, kind int64, ws fleet.WorkspaceID, sim fleet.SIMID, device fleet.DeviceID) {
	if n > 0 {
		t.called++
	} else {
		t.found++
	}
	t.sum += uint64(n) * fleet.Checksum(fleet.SIMState{ID: sim, Workspace: ws, Device: device, Version: entry<<16 | kind})
}

// readEvents compares the events of a run with its lines. It reads only the types that lines
// produce.
func (f *checker) readEvents(ctx context.Context, run *simRun) error {
	text := `SELECT ledger_id, type, workspace_id, sim_id, COALESCE(device_id, 0) FROM events
		WHERE sim_id > $1 AND sim_id <= $2 AND ledger_id IS NOT NULL AND type IN (` + lineEvents + `)`
	var entry, kind, ws, sim, device int64
	err := f.db.QueryEach(ctx, text, []any{run.lo, run.hi}, func(r store.Row) error {
		err := r.Scan(&entry, &kind, &ws, &sim, &device)
		f.events++
		run.eventSumOf(sim).add(-1, entry, kind, fleet.WorkspaceID(ws), fleet.SIMID(sim), fleet.DeviceID(device))
		return err
	})
	for i := range run.sims {
		f.judge(int64(run.sims[i].ID), &run.sims[i].eventSum)
	}
	for id, t := range run.missing {
		f.judge(id, t)
	}
	return err
}

func (f *checker) judge(id int64, t *eventSum) {
	if t.sum != 0 {
		f.simEvents.fail("SIM", id, "its lines require %d events, but %d exist, and they do not correspond", t.called, t.found)
	}
}
