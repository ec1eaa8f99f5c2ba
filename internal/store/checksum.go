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

func (c *Checksums) addSIM(s fleet.SIMState) {
	c.SIMs++
	c.IDs ^= fleet.Checksum(fleet.SIMState{ID: s.ID})
	c.State ^= fleet.Checksum(s)
}

func (c *Checksums) addEntry(delta, ids int64) {
	c.Deltas ^= uint64(delta)
	c.IDsDeltas ^= uint64(ids)
}

// Checksums adds up all SIMs and all ledger entries. It reads all rows of both, so it is only
// for the operator's checks. Call it in a View.
func (tx *Tx) Checksums(ctx context.Context) (c Checksums, err error) {
	err = tx.each(ctx, "SELECT "+checkedColumns+" FROM sims", nil, func(r rows) error {
		s, err := scanChecked(r)
		c.addSIM(s)
		return err
	})
	if err != nil {
		return c, err
	}
	err = tx.each(ctx, "SELECT delta, ids_delta FROM ledger", nil, func(r rows) error {
		var delta, ids int64
		err := r.Scan(&delta, &ids)
		c.addEntry(delta, ids)
		return err
	})
	return c, err
}

// checkedColumns are the columns in a SIM's checksum.
const checkedColumns = "id, workspace_id, status, COALESCE(device_id, 0), version"

func scanChecked(r rows) (fleet.SIMState, error) {
	var id, workspace, status, device, version int64
	err := r.Scan(&id, &workspace, &status, &device, &version)
	return fleet.SIMState{
		ID: fleet.SIMID(id), Workspace: fleet.WorkspaceID(workspace), Status: fleet.SIMStatus(status), Device: fleet.DeviceID(device), Version: version,
	}, err
}
