package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// Checksums are the two sides of invariants I1 and I13: the checksums of the SIMs, and their
// expected values from the ledger. In a sound database, read on one snapshot, they are equal.
type Checksums struct {
	SIMs      int
	State     uint64 // XOR of fleet.Checksum over all SIMs, deleted ones included
	IDs       uint64 // the same over the ids only
	Deltas    uint64 // XOR of what each ledger entry contributed to State
	IDsDeltas uint64 // and to IDs
}

// Hold reports whether the SIMs match the ledger.
func (c Checksums) Hold() bool { return c.State == c.Deltas && c.IDs == c.IDsDeltas }

// AddSIM adds a SIM.
func (c *Checksums) AddSIM(s fleet.SIMState) {
	c.SIMs++
	c.IDs ^= fleet.Checksum(fleet.SIMState{ID: s.ID})
	c.State ^= fleet.Checksum(s)
}

// AddEntry adds what a ledger entry contributed.
func (c *Checksums) AddEntry(delta, ids int64) {
	c.Deltas ^= uint64(delta)
	c.IDsDeltas ^= uint64(ids)
}

// Checksums adds up all SIMs and all ledger entries. It reads all rows of both, so it is only
// for the operator's checks. Call it in a View.
func (tx *Tx) Checksums(ctx context.Context) (c Checksums, err error) {
	err = tx.queryEach(ctx, "SELECT "+CheckedColumns+" FROM sims", nil, func(r rows) error {
		s, err := ScanChecked(r)
		c.AddSIM(s)
		return err
	})
	if err != nil {
		return c, err
	}
	err = tx.queryEach(ctx, "SELECT delta, ids_delta FROM ledger", nil, func(r rows) error {
		var delta, ids int64
		err := r.Scan(&delta, &ids)
		c.AddEntry(delta, ids)
		return err
	})
	return c, err
}

// CheckedColumns are the columns in a SIM's checksum.
const CheckedColumns = "id, workspace_id, status, COALESCE(device_id, 0), version"

// ScanChecked reads a row of CheckedColumns.
func ScanChecked(r Row) (fleet.SIMState, error) {
	var id, workspace, status, device, version int64
	err := r.Scan(&id, &workspace, &status, &device, &version)
	return fleet.SIMState{
		ID: fleet.SIMID(id), Workspace: fleet.WorkspaceID(workspace), Status: fleet.SIMStatus(status), Device: fleet.DeviceID(device), Version: version,
	}, err
}
