package kit

import (
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

// invariants are queries that return no rows on a sound database at rest.
var invariants = map[string]string{
	"I2 an attached device is in the SIM's Workspace": `
		SELECT s.id FROM sims s LEFT JOIN devices d ON d.id = s.device_id AND d.workspace_id = s.workspace_id
		WHERE s.device_id IS NOT NULL AND d.id IS NULL`,
	"I2 a device holds one SIM at most": `
		SELECT device_id FROM sims WHERE device_id IS NOT NULL GROUP BY device_id HAVING count(*) > 1`,
	"I3 an entry has as many lines as it says": `
		SELECT m.id FROM ledger m WHERE m.kind <> 0
		AND m.sims <> (SELECT count(*) FROM ledger_lines l WHERE l.ledger_id = m.id)`,
	"I3 the lines of a migration share its target": `
		SELECT l.sim_id FROM ledger_lines l JOIN ledger m ON m.id = l.ledger_id WHERE m.kind = 1 AND l.workspace_after <> m.target_id`,
	"I3 the sides of a migration add up": `
		SELECT m.id FROM ledger m WHERE m.kind = 1
		AND (m.sims <> (SELECT sum(v.sims) FROM ledger_sides v WHERE v.ledger_id = m.id AND v.side = 0)
			OR m.sims <> (SELECT sum(v.sims) FROM ledger_sides v WHERE v.ledger_id = m.id AND v.side = 1))`,
	"I4 a SIM's history has no gap": `
		SELECT l.sim_id, l.version FROM ledger_lines l WHERE l.version > 1 AND NOT EXISTS (
			SELECT 1 FROM ledger_lines p WHERE p.sim_id = l.sim_id AND p.version = l.version - 1
			AND p.workspace_after = l.workspace_before AND p.status_after = l.status_before
			AND p.device_after IS NOT DISTINCT FROM l.device_before)`,
	"I4 a SIM's history ends at its present state": `
		SELECT s.id FROM sims s WHERE s.version > 0 AND NOT EXISTS (
			SELECT 1 FROM ledger_lines l WHERE l.sim_id = s.id AND l.version = s.version AND l.workspace_after = s.workspace_id
			AND l.status_after = s.status AND l.device_after IS NOT DISTINCT FROM s.device_id)`,
	"I4 a SIM has as many changes as its version": `
		SELECT s.id FROM sims s WHERE s.version <> (SELECT count(*) FROM ledger_lines l WHERE l.sim_id = s.id)`,
	"I8 a release per line that left a device": `
		SELECT m.id FROM ledger m WHERE m.kind = 1
		AND (SELECT count(*) FROM events e WHERE e.ledger_id = m.id AND e.type = 50)
			<> (SELECT count(*) FROM ledger_lines l WHERE l.ledger_id = m.id AND l.device_before IS NOT NULL)`,
	"I8 an assignment per line that got a device": `
		SELECT m.id FROM ledger m WHERE m.kind = 1
		AND (SELECT count(*) FROM events e WHERE e.ledger_id = m.id AND e.type = 51)
			<> (SELECT count(*) FROM ledger_lines l WHERE l.ledger_id = m.id AND l.device_after IS NOT NULL)`,
	"I14 an undo mirrors its migration": `
		SELECT u.id, l.sim_id FROM ledger u JOIN ledger_lines l ON l.ledger_id = u.id
		WHERE u.undoes IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM ledger_lines o WHERE o.ledger_id = u.undoes AND o.sim_id = l.sim_id
			AND o.workspace_before = l.workspace_after AND o.workspace_after = l.workspace_before
			AND (u.restore_status = 0 OR o.status_before = l.status_after)
			AND (u.restore_devices = 0 OR o.device_before IS NOT DISTINCT FROM l.device_after))`,
	"I8 an event per line whose status changed": `
		SELECT m.id FROM ledger m WHERE m.kind = 1
		AND (SELECT count(*) FROM events e WHERE e.ledger_id = m.id AND e.type IN (8, 9, 10, 45))
			<> (SELECT count(*) FROM ledger_lines l WHERE l.ledger_id = m.id AND l.status_before <> l.status_after)`,
	"I8 an event 69 per side": `
		SELECT m.id FROM ledger m WHERE m.kind = 1
		AND (SELECT count(*) FROM events e WHERE e.ledger_id = m.id AND e.type = 69)
			<> (SELECT count(*) FROM ledger_sides v WHERE v.ledger_id = m.id)`,
}

// CheckInvariants checks what must hold of the database at rest: history is state, no
// half move, complete record, and the rolling checksum (I2, I3, I4, I8, I13). It reads
// the tables, not the store.
func (s *Server) CheckInvariants() {
	s.T.Helper()
	for name, query := range invariants {
		if broken := s.Rows(query); len(broken) > 0 {
			s.T.Errorf("%s: %d times not, first %v", name, len(broken), broken[0])
		}
	}
	var state uint64
	for _, row := range s.Rows("SELECT id, workspace_id, status, COALESCE(device_id, 0), version FROM sims") {
		state ^= fleet.Checksum(fleet.SIMState{
			ID: fleet.SIMID(number(row[0])), Workspace: fleet.WorkspaceID(number(row[1])), Status: fleet.SIMStatus(number(row[2])),
			Device: fleet.DeviceID(number(row[3])), Version: number(row[4]),
		})
	}
	for _, row := range s.Rows("SELECT delta FROM ledger") {
		state ^= uint64(number(row[0]))
	}
	if state != 0 {
		s.T.Errorf("I13 the SIMs are not what the ledger's checksums say: they differ by %x", state)
	}
}

// number returns a whole number as a driver gives it.
func number(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case int32:
		return int64(n)
	case int16:
		return int64(n)
	}
	panic("no number")
}

// MustFsck runs the shipped check over the whole database. It folds first, as a server does
// every second: the clock of a test may be far ahead of the last request.
func (s *Server) MustFsck() {
	s.T.Helper()
	if err := operator.New(s.Control).Fold(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	report, err := operator.New(s.Control).Fsck(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, c := range report.Checks {
		if !c.OK() {
			s.T.Errorf("fsck: %s: %d faults, the first %v", c.Name, c.Faults, c.First)
		}
	}
}
