package operator

import (
	"cmp"
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// ImportDevices imports a list of devices into the inventory, all or none. Devices without an
// ID get the next free ones, in the list's order; those without a Workspace get home, unless it
// is 0. An existing device of the same Workspace stays as it is.
//
// Errors: ValidationFailed with one of Problems per fault, each with its line: an unknown
// Workspace or profile, an ID that a device of another Workspace has.
//
// The list is read in batches, so that memory does not grow with it. progress, if not nil, gets
// the number of devices read so far.
func (o Operator) ImportDevices(ctx context.Context, list *world.DeviceList, home fleet.WorkspaceID, progress func(devices int)) (done Imported, err error) {
	err = o.update(ctx, func(tx *store.Tx) error {
		in := deviceIntake{tx: tx, problems: &fleet.Problems{}}
		if in.workspaces, err = allWorkspaces(ctx, tx); err != nil {
			return err
		}
		if in.profiles, err = tx.AllProfiles(ctx); err != nil {
			return err
		}
		if err := in.takeList(ctx, list, home, progress); err != nil {
			return err
		}
		done = in.done
		if err := in.problems.Err(); err != nil {
			return err
		}
		return o.auditImport(ctx, tx, fleet.AuditDevicesImported, home, fleet.AuditDetail{Devices: done.Added})
	})
	return done, err
}

// deviceIntake imports devices in batches within one transaction. After the first problem it
// inserts no more devices, but continues checking.
type deviceIntake struct {
	tx         *store.Tx
	workspaces map[fleet.WorkspaceID]fleet.Workspace // all of them
	profiles   map[fleet.ProfileKey]fleet.Profile    // all of them
	problems   *fleet.Problems
	done       Imported
}

// takeList gives each device an ID and a Workspace, and imports it. Free IDs begin above all
// IDs in the database and in the list.
func (in *deviceIntake) takeList(ctx context.Context, list *world.DeviceList, home fleet.WorkspaceID, progress func(int)) error {
	first, err := in.tx.NextID(ctx, store.Devices)
	if err != nil {
		return err
	}
	next, seen := max(fleet.DeviceID(first), list.MaxID+1), 0
	batch := make([]world.DeviceLine, 0, intakeBatch)
	take := func() error {
		err := in.take(ctx, batch)
		seen += len(batch)
		batch = batch[:0]
		if progress != nil {
			progress(seen)
		}
		return err
	}
	for d, err := range list.Devices() {
		if err != nil {
			return err
		}
		if d.ID == 0 {
			d.ID = next
			next++
		}
		d.Workspace = cmp.Or(d.Workspace, home)
		if batch = append(batch, d); len(batch) == intakeBatch {
			if err := take(); err != nil {
				return err
			}
		}
	}
	return take()
}

// take checks one batch and inserts its new devices.
func (in *deviceIntake) take(ctx context.Context, batch []world.DeviceLine) error {
	ids := make([]fleet.DeviceID, len(batch))
	for i, d := range batch {
		ids[i] = d.ID
	}
	known, err := in.tx.Devices(ctx, ids)
	if err != nil {
		return err
	}
	fresh := make([]fleet.Device, 0, len(batch))
	for _, d := range batch {
		place := fmt.Sprintf("line %d", d.Line)
		is, there := known[d.ID]
		switch {
		case !there:
			fresh = append(fresh, d.Device)
			in.check(d.Device, place)
		case is.Workspace != d.Workspace:
			in.problems.Add(fleet.Duplicated, "%s: id: device %d already exists, in Workspace %d: choose another id", place, d.ID, is.Workspace)
		default:
			in.done.Kept++
		}
	}
	if in.problems.Total() > 0 {
		return nil
	}
	in.done.Added += len(fresh)
	return in.tx.InsertDevices(ctx, fresh, "")
}

// check reports why a new device cannot be imported.
func (in *deviceIntake) check(d fleet.Device, place string) {
	_, found := in.workspaces[d.Workspace]
	switch {
	case d.Workspace == 0:
		in.problems.Add(fleet.Required, "%s: workspace: it is empty: give a Workspace here, or a default Workspace for the whole list", place)
	case !found:
		in.problems.Add(fleet.InvalidReference, "%s: workspace: %s", place, noWorkspace(d.Workspace))
	default:
		in.problems.AddAll(place, strayProfiles(d, in.profiles))
	}
}

// ExportDevices passes to give every device that is not deleted, sorted by ID, from one
// snapshot of the database; only those of Workspace ws unless that is 0. It holds one device in
// memory at a time. begin gets their number first. An error of give ends the export.
//
// Errors: NotFound for a Workspace that does not exist.
func (o Operator) ExportDevices(ctx context.Context, ws fleet.WorkspaceID, begin func(total int) error, give func(fleet.Device) error) error {
	return o.store.View(ctx, func(tx *store.Tx) error {
		if err := exportable(ctx, tx, ws); err != nil {
			return err
		}
		total, err := tx.CountDevices(ctx, ws)
		if err == nil {
			err = begin(total)
		}
		if err != nil {
			return err
		}
		return tx.EachDevice(ctx, ws, give)
	})
}
