package control

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// Applied tells what ApplyWorld did, per kind of thing.
type Applied struct {
	Workspaces, Users, Devices, Profiles, SIMs Tally
}

// Tally counts things of one kind.
type Tally struct{ Added, Changed, Kept int }

func (t *Tally) count(there, same bool) (write bool) {
	switch {
	case !there:
		t.Added++
	case !same:
		t.Changed++
	default:
		t.Kept++
	}
	return !there || !same
}

// ApplyWorld makes the database what the world file describes, in one transaction; to
// apply it again changes nothing. Things are known by their ids. Workspaces, users,
// devices and profiles are brought up to date. A user gets exactly the given role in each
// Workspace under roles and keeps those elsewhere; a password that still fits stays, so
// that no session ends. A SIM that is there stays as it is: it may have moved on.
//
// Errors: ValidationFailed with one of Problems per fault.
func (o Operator) ApplyWorld(ctx context.Context, w *world.World) (Applied, error) {
	hashes, err := o.hashPasswords(ctx, w.Users)
	if err != nil {
		return Applied{}, err
	}
	uid := uuid.NewString()
	var done Applied
	err = o.update(ctx, func(tx *store.Tx) error {
		a := applying{tx: tx, world: w, hashes: hashes}
		if err := a.all(ctx, uid); err != nil {
			return err
		}
		done = a.done
		return nil
	})
	return done, err
}

// applying is one run of the transaction. Each step looks for problems, and writes only
// while there are none.
type applying struct {
	tx         *store.Tx
	world      *world.World
	hashes     map[fleet.UserID]string
	workspaces map[fleet.WorkspaceID]fleet.Workspace // of the database and of the file
	problems   problems
	done       Applied
}

func (a *applying) all(ctx context.Context, uid string) error {
	for _, step := range []func(context.Context) error{a.applyWorkspaces, a.applyUsers, a.applyProfiles, a.applyDevices} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	a.checkRanges()
	if err := a.problems.err(); err != nil {
		return err
	}
	return a.applySIMs(ctx, uid)
}

// clean tells whether writing still makes sense.
func (a *applying) clean() bool { return a.problems.total == 0 }

func (a *applying) missing(place, field string, id fleet.WorkspaceID) bool {
	_, found := a.workspaces[id]
	if id != 0 && !found {
		a.problems.add(fleet.InvalidReference, "%s: %s: there is no Workspace %d, neither in the file nor in the database", place, field, id)
	}
	return id != 0 && !found
}

func (a *applying) applyProfiles(ctx context.Context) error {
	old, err := a.tx.AllProfiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range a.world.Profiles {
		a.missing(fmt.Sprintf("profile %d", p.ID), "workspace", p.Workspace)
		was, there := old[store.ProfileKey{Kind: p.Kind, ID: p.ID}]
		if a.done.Profiles.count(there, was == p) && a.clean() {
			if err := a.tx.PutProfile(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *applying) applyDevices(ctx context.Context) error {
	ids := make([]fleet.DeviceID, len(a.world.Devices))
	for i, d := range a.world.Devices {
		ids[i] = d.ID
	}
	old, err := a.tx.Devices(ctx, ids)
	if err != nil {
		return err
	}
	for _, d := range a.world.Devices {
		was, there := old[d.ID]
		a.checkDevice(d, was)
		d.Created = was.Created
		if a.done.Devices.count(there, was.Device == d) && a.clean() {
			if err := a.tx.PutDevice(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkDevice keeps a device that holds a SIM where it is.
func (a *applying) checkDevice(d fleet.Device, was store.DeviceRecord) {
	place := fmt.Sprintf("device %d", d.ID)
	a.missing(place, "workspace", d.Workspace)
	switch {
	case was.SIM == 0:
	case d.Workspace != was.Workspace:
		a.problems.add(fleet.NotAllowed, "%s: workspace: it holds SIM %d in Workspace %d: detach that first", place, was.SIM, was.Workspace)
	case d.Status == fleet.DeviceDeleted:
		a.problems.add(fleet.NotAllowed, "%s: status: it holds SIM %d: detach that first", place, was.SIM)
	}
}
