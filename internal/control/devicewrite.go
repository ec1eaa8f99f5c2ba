package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// DeviceRun is a request that writes devices. If it has a Place, the messages of a refusal
// name the device. The result are the devices that were created. The refusal InUse is stored
// under an idempotency key like a success.
type DeviceRun struct {
	Changes []fleet.DeviceChange // without IDs if devices are created; each device occurs once
	// Workspace gets the new devices; 0 is the caller's.
	Workspace  fleet.WorkspaceID
	DeleteSIMs bool   // of ReleaseDevices: the SIMs are deleted too
	Place      string // the format of a device's position, such as "endpoints[%d]"; "" for one device
}

// CreateDevices creates devices in the caller's Workspace or in another one, all or none. A SIM
// that is put into a device is assigned (event 51), and activated or given a status on request
// (events 8, 9 and 45).
//
// Permission: WriteDevices, and WriteSIMs if a SIM is given; for another Workspace the caller
// must also be its Administrator. Errors: ValidationFailed as for fleet.PlanDevices, and for a
// Workspace that is unknown or not administered by the caller, with the same message; those of
// once.
func (c *Control) CreateDevices(ctx context.Context, caller identity.Principal, run DeviceRun, w Write[Devices]) (Reply, error) {
	return c.writeDevices(ctx, caller, run, w, func(w *deviceWrite, tx *store.Tx) error {
		w.create, w.action = true, fleet.AuditDeviceCreated
		if err := w.createIn(ctx, tx, run.Workspace); err != nil {
			return err
		}
		if err := w.loadSnapshot(ctx, tx); err != nil { // lock the SIMs before the counter of IDs, because other transactions wait for that
			return err
		}
		first, err := tx.NextID(ctx, store.Devices)
		if err != nil {
			return err
		}
		for i := range w.changes {
			w.changes[i].ID = fleet.DeviceID(first) + fleet.DeviceID(i)
		}
		w.created = w.ids()
		return w.apply(ctx, tx, tx.InsertDevices)
	})
}

// PatchDevices changes devices of the caller's Workspace, all or none. A changed status has
// event 42 or 43. A SIM that is put in is assigned (event 51), one that is taken out is
// released (event 50) and keeps its status.
//
// Permission: WriteDevices, and WriteSIMs if a SIM is given. Errors: InvalidReference if a
// device does not exist; ValidationFailed as for fleet.PlanDevices; those of once.
func (c *Control) PatchDevices(ctx context.Context, caller identity.Principal, run DeviceRun, w Write[Devices]) (Reply, error) {
	return c.writeDevices(ctx, caller, run, w, func(w *deviceWrite, tx *store.Tx) error {
		if err := w.lockDevices(ctx, tx); err != nil {
			return err
		}
		w.action = fleet.AuditDeviceChanged
		if err := w.loadSnapshot(ctx, tx); err != nil {
			return err
		}
		return w.apply(ctx, tx, tx.PutDevices)
	})
}

// DeleteDevices deletes devices of the caller's Workspace, all or none.
//
// Permission: WriteDevices. Errors: InvalidReference if a device does not exist; those of once.
func (c *Control) DeleteDevices(ctx context.Context, caller identity.Principal, run DeviceRun, w Write[Devices]) (Reply, error) {
	return c.writeDevices(ctx, caller, run, w, func(w *deviceWrite, tx *store.Tx) error {
		if err := w.lockDevices(ctx, tx); err != nil {
			return err
		}
		w.action = fleet.AuditDeviceDeleted
		attached, err := tx.HeldBy(ctx, w.ids())
		if err != nil {
			return err
		}
		plan, err := fleet.PlanDeletion(w.changes, w.snap.Devices, attached, run.Place != "")
		if err != nil {
			return err
		}
		return tx.PutDevices(ctx, plan, w.uid)
	})
}

// ReleaseDevices deletes devices of the caller's Workspace, all or none. Their SIMs are taken
// out (event 50), and suspended if their status allows it (event 9), or deleted on request
// (event 10).
//
// Permission: WriteDevices and WriteSIMs. Errors: InvalidReference if a device does not exist;
// those of once.
func (c *Control) ReleaseDevices(ctx context.Context, caller identity.Principal, run DeviceRun, w Write[Devices]) (Reply, error) {
	run.Changes = slices.Clone(run.Changes)
	for i := range run.Changes { // without this a deleted device would keep its SIM
		run.Changes[i].Patch.SIM = &fleet.SIMAttachment{Out: true}
	}
	return c.writeDevices(ctx, caller, run, w, func(w *deviceWrite, tx *store.Tx) error {
		if err := w.lockDevices(ctx, tx); err != nil {
			return err
		}
		w.action = fleet.AuditDeviceDeleted
		if err := w.loadSnapshot(ctx, tx); err != nil {
			return err
		}
		gone, sims := fleet.PlanRelease(w.changes, w.snap, run.DeleteSIMs)
		if len(sims) > 0 {
			change := placementChange(sims, storeCaller(w.caller), w.uid)
			if run.DeleteSIMs {
				change.Kind = fleet.LedgerDelete
			}
			if _, err := tx.Apply(ctx, change); err != nil {
				return err
			}
		}
		return tx.PutDevices(ctx, gone, w.uid)
	})
}

// deviceWrite holds the state of one attempt of the transaction.
type deviceWrite struct {
	caller  identity.Principal
	ws      fleet.WorkspaceID // of the devices
	uid     string
	place   string
	create  bool
	changes []fleet.DeviceChange
	snap    fleet.DeviceSnapshot
	created []fleet.DeviceID
	action  fleet.AuditAction
}

// audit writes one entry about the devices.
func (w *deviceWrite) audit(ctx context.Context, tx *store.Tx) error {
	e := fleet.AuditEntry{Action: w.action, Detail: fleet.AuditDetail{Devices: len(w.changes)}}
	if len(w.changes) == 1 {
		e.Subject = fleet.Subject("device", w.changes[0].ID)
	}
	if w.ws != w.caller.Workspace {
		e.Workspaces = []fleet.WorkspaceID{w.ws}
	}
	return audit(ctx, tx, w.caller, e)
}

// createIn sets another Workspace for the new devices. The caller must administer it.
func (w *deviceWrite) createIn(ctx context.Context, tx *store.Tx, ws fleet.WorkspaceID) error {
	if ws == 0 || ws == w.caller.Workspace {
		return nil
	}
	err := administers(ctx, tx, w.caller, ws)
	if code := fleet.CodeOf(err); code == fleet.NotFound || code == fleet.Forbidden {
		words := "organisation: you are not an Administrator of this Workspace, or it does not exist"
		if strings.HasPrefix(w.place, "[") { // each device has the property
			words = fmt.Sprintf(w.place, 0) + "." + words
		}
		err = &fleet.Error{Code: fleet.ValidationFailed, Message: words, Problems: []fleet.Problem{{Code: fleet.InvalidReference, Message: words}}}
	}
	w.ws = ws
	return err
}

func (c *Control) writeDevices(ctx context.Context, caller identity.Principal, run DeviceRun, w Write[Devices], write func(*deviceWrite, *store.Tx) error) (Reply, error) {
	if err := mayWrite(caller, run.Changes); err != nil {
		return Reply{}, err
	}
	uid := uuid.NewString() // all attempts of the transaction share it
	g := guard{need: identity.WriteDevices, replay: func(_ context.Context, _ *store.Tx, caller identity.Principal, _ store.Stored) error {
		return mayWrite(caller, run.Changes)
	}}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[Devices], error) {
		if err := mayWrite(caller, run.Changes); err != nil {
			return result[Devices]{}, err
		}
		w := &deviceWrite{caller: caller, ws: caller.Workspace, uid: uid, place: run.Place, changes: slices.Clone(run.Changes)}
		err := write(w, tx)
		if fleet.CodeOf(err) == fleet.InUse {
			return result[Devices]{refused: err}, nil
		}
		if err != nil {
			return result[Devices]{}, err
		}
		if err := w.audit(ctx, tx); err != nil {
			return result[Devices]{}, err
		}
		done, err := readDevices(ctx, tx, w.ws, w.created)
		return result[Devices]{value: done}, err
	})
}

func mayWrite(caller identity.Principal, changes []fleet.DeviceChange) error {
	if err := caller.Require(identity.WriteDevices); err != nil {
		return err
	}
	if slices.ContainsFunc(changes, func(c fleet.DeviceChange) bool { return c.Patch.SIM != nil }) {
		return caller.Require(identity.WriteSIMs)
	}
	return nil
}

func (w *deviceWrite) ids() []fleet.DeviceID {
	ids := make([]fleet.DeviceID, len(w.changes))
	for i, c := range w.changes {
		ids[i] = c.ID
	}
	return ids
}

// lockDevices locks and reads the devices to change.
func (w *deviceWrite) lockDevices(ctx context.Context, tx *store.Tx) (err error) {
	ids := w.ids()
	if w.snap.Devices, err = tx.DevicesOf(ctx, w.ws, ids, true); err != nil {
		return err
	}
	missing := slices.DeleteFunc(ids, func(id fleet.DeviceID) bool {
		_, found := w.snap.Devices[id]
		return found
	})
	if len(missing) > 0 {
		return fleet.MissingDevices(missing, w.place != "")
	}
	return nil
}

// loadSnapshot reads the rest of the snapshot. No SIM is put into a locked device, so its SIM can
// only have been taken out, which is known once the SIM is locked as well.
func (w *deviceWrite) loadSnapshot(ctx context.Context, tx *store.Tx) (err error) {
	var named profileNames
	var sims []fleet.SIMID
	var plugged []fleet.DeviceID
	for _, c := range w.changes {
		if p := c.Patch.ServiceProfile; p != nil {
			named.add(fleet.ServiceProfile, *p)
		}
		if p := c.Patch.TariffProfile; p != nil {
			named.add(fleet.TariffProfile, *p)
		}
		if plug := c.Patch.SIM; plug != nil {
			if c.ID != 0 {
				plugged = append(plugged, c.ID)
			}
			if !plug.Out {
				sims = append(sims, plug.SIM)
			}
		}
	}
	if w.snap.Profiles, err = named.read(ctx, tx, w.ws); err != nil || len(plugged)+len(sims) == 0 {
		return err
	}
	attached, err := tx.HeldBy(ctx, plugged)
	if err != nil {
		return err
	}
	for _, sim := range attached {
		sims = append(sims, sim)
	}
	if w.snap.SIMs, err = tx.LockedSIMs(ctx, w.ws, sims); err != nil {
		return err
	}
	w.snap.Held = make(map[fleet.DeviceID]fleet.SIMID, len(attached))
	for device, sim := range attached {
		if w.snap.SIMs[sim].Device == device {
			w.snap.Held[device] = sim
		}
	}
	return nil
}

// apply writes the plan: the devices, their events, and the SIMs with their own ledger entry.
func (w *deviceWrite) apply(ctx context.Context, tx *store.Tx, write func(context.Context, []fleet.Device, string) error) error {
	plan, err := fleet.PlanDevices(w.ws, w.changes, w.snap, w.place)
	if err != nil {
		return err
	}
	if err := write(ctx, plan.Devices, w.uid); err != nil {
		return err
	}
	if err := tx.InsertEvents(ctx, w.caller.User, plan.Events); err != nil || len(plan.SIMs) == 0 {
		return err
	}
	_, err = tx.Apply(ctx, placementChange(plan.SIMs, storeCaller(w.caller), w.uid))
	return err
}

// placementChange returns the ledger entry for SIMs that are put into devices or taken out. A
// change that does both counts as an attachment.
func placementChange(sims []fleet.SIMChange, by store.Caller, uid string) store.Change {
	c := store.Change{UID: uid, Kind: fleet.LedgerDetach, By: by, Lines: make([]store.Line, len(sims))}
	for i, s := range sims {
		c.Lines[i] = store.Line(s)
		if s.After.Device != 0 {
			c.Kind = fleet.LedgerAttach
		}
	}
	return c
}
