package control

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// Stale is the refusal of a real run whose preview is out of date: the changes since, with the
// names of the Workspaces and devices in them.
type Stale struct {
	OtherRequest bool // the preview was of another request
	SIMs         []fleet.SIMDrift
	Workspaces   map[fleet.WorkspaceID]fleet.Standing
	DeviceWas    map[fleet.SIMID]string // the former name of the device that a SIM was in
	DeviceNow    map[fleet.SIMID]string // the name of the device that a SIM is in
}

func (s *Stale) Error() string {
	if s.OtherRequest {
		return "If-Match: the preview was of another request; make a dry run of this one"
	}
	return "If-Match: the SIMs have changed since the preview; make a new dry run"
}

// compare refuses a run that would not move exactly what was previewed. plan is nil if the
// rules refuse the run. Their refusal takes precedence unless a SIM has changed.
func compare(ctx context.Context, tx *store.Tx, caller store.Caller, run Run, snap fleet.Snapshot, plan *fleet.Plan) error {
	if plan != nil && run.Preview.Matches(plan) {
		return nil
	}
	preview := run.Preview.Of(func(v *fleet.Preview) bool { return v.SameRequest(run.Request) })
	if preview == nil {
		return &Stale{OtherRequest: true}
	}
	stale, err := drifted(ctx, tx, caller, preview, run.Request, snap)
	if err != nil || plan == nil && len(stale.SIMs) == 0 {
		return err
	}
	return stale
}

// drifted describes what has changed in the SIMs of a request since its preview.
func drifted(ctx context.Context, tx *store.Tx, caller store.Caller, preview *fleet.Preview, req fleet.MigrationRequest, snap fleet.Snapshot) (*Stale, error) {
	was, err := tx.StatesAt(ctx, preview.Changed(req, snap))
	if err != nil {
		return nil, err
	}
	if snap, err = withStandings(ctx, tx, caller, snap, was); err != nil {
		return nil, err
	}
	return &Stale{
		SIMs: fleet.Drift(preview, req, snap, was), Workspaces: snap.Workspaces,
		DeviceWas: deviceNames(maps.Values(was)), DeviceNow: deviceNames(slices.Values(snap.SIMs)),
	}, nil
}

// withStandings adds the Workspaces that the SIMs were in at the preview.
func withStandings(ctx context.Context, tx *store.Tx, caller store.Caller, snap fleet.Snapshot, was map[fleet.SIMID]fleet.SIMState) (fleet.Snapshot, error) {
	missing := make(map[fleet.WorkspaceID]fleet.Standing)
	var ids []fleet.WorkspaceID
	for _, s := range was {
		_, known := snap.Workspaces[s.Workspace]
		_, asked := missing[s.Workspace]
		if !known && !asked {
			missing[s.Workspace] = fleet.Standing{}
			ids = append(ids, s.Workspace)
		}
	}
	if len(ids) == 0 {
		return snap, nil
	}
	standings, err := tx.Standings(ctx, caller.User, ids)
	maps.Copy(standings, snap.Workspaces)
	return fleet.Snapshot{Workspaces: standings, SIMs: snap.SIMs}, err
}

// deviceNames returns the names of devices by SIM, not by device: a device may have been
// renamed between the changes of two SIMs.
func deviceNames(sims iter.Seq[fleet.SIMState]) map[fleet.SIMID]string {
	names := make(map[fleet.SIMID]string)
	for s := range sims {
		names[s.ID] = s.DeviceName
	}
	return names
}
