package operator

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// Applied is the result of ApplyWorld, per kind.
type Applied struct {
	Workspaces, Users, Devices, Profiles, Models, SIMs Tally
}

// Tally counts things of one kind.
type Tally struct{ Added, Changed, Kept int }

// audit writes an audit entry with the counts of changed rows; without a change it writes none.
func (a Applied) audit() fleet.AuditDetail {
	return fleet.AuditDetail{
		Spaces: a.Workspaces.written(), Users: a.Users.written(), Devices: a.Devices.written(), SIMs: a.SIMs.written(),
		Others: a.Profiles.written() + a.Models.written(),
	}
}

func (t Tally) written() int { return t.Added + t.Changed }

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

// ApplyWorld creates or updates what the world file describes, in one transaction; to apply it
// again changes nothing. Things are identified by their IDs. Workspaces, users, devices and
// profiles are updated. A user gets exactly the given role in each Workspace under roles and
// keeps those elsewhere; a password that still matches is kept, so that no session ends. An
// existing SIM stays as it is, because it may have been migrated since.
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
		a := worldRun{tx: tx, world: w, hashes: hashes}
		if err := a.all(ctx, uid); err != nil {
			return err
		}
		done = a.done
		return o.auditImport(ctx, tx, fleet.AuditWorldApplied, 0, done.audit())
	})
	return done, err
}

// worldRun holds the state of one attempt of the transaction. Each step checks for problems,
// and writes only while there are none.
type worldRun struct {
	tx         *store.Tx
	world      *world.World
	hashes     map[fleet.UserID]string
	workspaces map[fleet.WorkspaceID]fleet.Workspace // of the database and of the file
	profiles   map[fleet.ProfileKey]fleet.Profile    // of the database and of the file
	problems   fleet.Problems
	done       Applied
}

func (a *worldRun) all(ctx context.Context, uid string) error {
	for _, step := range []func(context.Context) error{a.applyWorkspaces, a.applyUsers, a.applyProfiles, a.applyModels, a.applyDevices} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	a.checkRanges()
	if err := a.problems.Err(); err != nil {
		return err
	}
	return a.applySIMs(ctx, uid)
}

// clean reports whether there are no problems.
func (a *worldRun) clean() bool { return a.problems.Total() == 0 }

func (a *worldRun) missing(place, field string, id fleet.WorkspaceID) bool {
	_, found := a.workspaces[id]
	if id != 0 && !found {
		a.problems.Add(fleet.InvalidReference, "%s: %s: there is no Workspace %d, neither in the file nor in the database: add it to the file, or choose another", place, field, id)
	}
	return id != 0 && !found
}

func (a *worldRun) applyProfiles(ctx context.Context) error {
	old, err := a.tx.AllProfiles(ctx)
	if err != nil {
		return err
	}
	a.profiles = old
	for _, p := range a.world.Profiles {
		place, key := fmt.Sprintf("profile %d", p.ID), fleet.ProfileKey{Kind: p.Kind, ID: p.ID}
		a.missing(place, "workspace", p.Workspace)
		was, there := old[key]
		if there && was.Workspace != p.Workspace {
			a.problems.Add(fleet.NotAllowed, "%s: workspace: the profile belongs to Workspace %d, whose devices may refer to it: choose another id", place, was.Workspace)
		}
		a.profiles[key] = p
		if a.done.Profiles.count(there, was == p) && a.clean() {
			if err := a.tx.PutProfile(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *worldRun) applyModels(ctx context.Context) error {
	old, err := a.tx.Models(ctx, nil)
	if err != nil {
		return err
	}
	for _, m := range a.world.Models {
		was, there := old[m.ID]
		if a.done.Models.count(there, was == m) && a.clean() {
			if err := a.tx.PutModel(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *worldRun) applyDevices(ctx context.Context) error {
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
		d.Created, d.Updated = was.Created, was.Updated
		if a.done.Devices.count(there, was.Device == d) && a.clean() {
			if err := a.tx.PutDevice(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkDevice refuses to move a device with a SIM to another Workspace.
func (a *worldRun) checkDevice(d fleet.Device, was store.DeviceRecord) {
	place := fmt.Sprintf("device %d", d.ID)
	a.missing(place, "workspace", d.Workspace)
	a.problems.AddAll(place, strayProfiles(d, a.profiles))
	switch {
	case was.SIM == 0:
	case d.Workspace != was.Workspace:
		a.problems.Add(fleet.NotAllowed, "%s: workspace: the device holds SIM %d in Workspace %d: detach the SIM first", place, was.SIM, was.Workspace)
	case d.Status == fleet.DeviceDeleted:
		a.problems.Add(fleet.NotAllowed, "%s: status: the device holds SIM %d: detach the SIM first", place, was.SIM)
	}
}

// strayProfiles reports the profiles of a device that its Workspace does not have.
func strayProfiles(d fleet.Device, known map[fleet.ProfileKey]fleet.Profile) (bad []fleet.Problem) {
	for _, ref := range [...]struct {
		field string
		key   fleet.ProfileKey
	}{
		{"service_profile", fleet.ProfileKey{Kind: fleet.ServiceProfile, ID: d.ServiceProfile}},
		{"tariff_profile", fleet.ProfileKey{Kind: fleet.TariffProfile, ID: d.TariffProfile}},
	} {
		if p, found := known[ref.key]; ref.key.ID != 0 && (!found || p.Workspace != d.Workspace) {
			bad = append(bad, fleet.Problem{
				Code: fleet.InvalidReference, Message: fmt.Sprintf("%s: Workspace %d has no profile %d", ref.field, d.Workspace, ref.key.ID),
			})
		}
	}
	return bad
}
