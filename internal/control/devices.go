package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Devices holds devices, their SIMs, and what both refer to.
type Devices struct {
	fleet.Page[fleet.Device]
	SIMs     SIMs
	Profiles map[fleet.ProfileKey]fleet.Profile
}

// ListDevices reads one page of the devices of the caller's Workspace.
//
// Permission: ReadDevices.
func (c *Control) ListDevices(ctx context.Context, caller identity.Principal, l fleet.List) (found Devices, err error) {
	if err := caller.Require(identity.ReadDevices); err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err := tx.DevicePage(ctx, caller.Workspace, l)
		if err != nil {
			return err
		}
		found, err = withReferences(ctx, tx, caller.Workspace, page)
		return err
	})
	return found, err
}

// Device reads one device. Permission: ReadDevices. Errors: InvalidReference if the caller's
// Workspace has no such device, or it is deleted.
func (c *Control) Device(ctx context.Context, caller identity.Principal, id fleet.DeviceID) (found Devices, err error) {
	if err := caller.Require(identity.ReadDevices); err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		found, err = readDevices(ctx, tx, caller.Workspace, []fleet.DeviceID{id})
		if err == nil && len(found.Items) == 0 {
			err = fleet.MissingDevices([]fleet.DeviceID{id}, false)
		}
		return err
	})
	return found, err
}

// ListProfiles reads one page of the profiles of a kind that the caller's Workspace has.
//
// Permission: ReadDevices.
func (c *Control) ListProfiles(ctx context.Context, caller identity.Principal, kind fleet.ProfileKind, l fleet.List) (page fleet.Page[fleet.Profile], err error) {
	if err := caller.Require(identity.ReadDevices); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Profiles(ctx, caller.Workspace, kind, l)
		return err
	})
	return page, err
}

// Profile reads one profile. resource is its name in messages. Permission: ReadDevices. Errors:
// NotFound, also for a profile of another Workspace.
func (c *Control) Profile(ctx context.Context, caller identity.Principal, kind fleet.ProfileKind, id int64, resource string) (p fleet.Profile, err error) {
	if err := caller.Require(identity.ReadDevices); err != nil {
		return p, err
	}
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		found, err := tx.ProfilesNamed(ctx, caller.Workspace, []int64{id}, []int64{id})
		if err != nil {
			return err
		}
		var there bool
		if p, there = found[fleet.ProfileKey{Kind: kind, ID: id}]; !there {
			return fleet.Missing(resource, id)
		}
		return nil
	})
	return p, err
}

// readDevices returns those devices of a Workspace that exist, in the order of the IDs.
func readDevices(ctx context.Context, tx *store.Tx, ws fleet.WorkspaceID, ids []fleet.DeviceID) (Devices, error) {
	if len(ids) == 0 {
		return Devices{}, nil
	}
	there, err := tx.DevicesOf(ctx, ws, ids, false)
	if err != nil {
		return Devices{}, err
	}
	var page fleet.Page[fleet.Device]
	for _, id := range ids {
		if d, found := there[id]; found {
			page.Items = append(page.Items, d)
		}
	}
	return withReferences(ctx, tx, ws, page)
}

// withReferences adds to devices what the API returns with them.
func withReferences(ctx context.Context, tx *store.Tx, ws fleet.WorkspaceID, page fleet.Page[fleet.Device]) (Devices, error) {
	found := Devices{Page: page}
	if len(page.Items) == 0 {
		return found, nil
	}
	ids := make([]fleet.DeviceID, len(page.Items))
	var named profileNames
	for i, d := range page.Items {
		ids[i] = d.ID
		named.add(fleet.ServiceProfile, d.ServiceProfile)
		named.add(fleet.TariffProfile, d.TariffProfile)
	}
	var err error
	if found.Profiles, err = named.read(ctx, tx, ws); err != nil {
		return found, err
	}
	if found.SIMs.Items, err = tx.SIMsIn(ctx, ws, ids); err != nil || len(found.SIMs.Items) == 0 {
		return found, err
	}
	err = found.SIMs.loadReferences(ctx, tx)
	return found, err
}

// profileNames returns the referenced profiles by kind, each once.
type profileNames struct {
	ids  [2][]int64
	seen map[fleet.ProfileKey]bool
}

func (n *profileNames) add(kind fleet.ProfileKind, id int64) {
	key := fleet.ProfileKey{Kind: kind, ID: id}
	if id == 0 || n.seen[key] {
		return
	}
	if n.seen == nil {
		n.seen = make(map[fleet.ProfileKey]bool)
	}
	n.seen[key] = true
	n.ids[kind] = append(n.ids[kind], id)
}

func (n *profileNames) read(ctx context.Context, tx *store.Tx, ws fleet.WorkspaceID) (map[fleet.ProfileKey]fleet.Profile, error) {
	if len(n.seen) == 0 {
		return nil, nil
	}
	return tx.ProfilesNamed(ctx, ws, n.ids[fleet.ServiceProfile], n.ids[fleet.TariffProfile])
}
