package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Connectivity is the state of a device's connection, as in the API.
type Connectivity string

// States that are known without a network.
const (
	Offline Connectivity = "OFFLINE" // no information
	Blocked Connectivity = "BLOCKED" // the device is Disabled, or its SIM Suspended
)

// Connectivity returns the state of a device's connection, as far as it is known.
//
// Permission: ReadDevices. Errors: InvalidReference, also for a device of another Workspace.
func (c *Control) Connectivity(ctx context.Context, caller identity.Principal, id fleet.DeviceID) (Connectivity, error) {
	found, err := c.Device(ctx, caller, id)
	if err != nil {
		return "", err
	}
	for _, s := range found.SIMs.Items {
		if s.Status == fleet.SIMSuspended {
			return Blocked, nil
		}
	}
	if found.Items[0].Status == fleet.DeviceDisabled {
		return Blocked, nil
	}
	return Offline, nil
}

// ResetConnectivity writes an event that requests a reset of a device's connection.
//
// Permission: WriteDevices. Errors: InvalidReference, also for a device of another Workspace;
// those of once.
func (c *Control) ResetConnectivity(ctx context.Context, caller identity.Principal, id fleet.DeviceID, w Write[None]) (Reply, error) {
	return once(ctx, c, caller, guard{need: identity.WriteDevices}, w, func(tx *store.Tx, caller identity.Principal) (done result[None], err error) {
		found, err := tx.DevicesOf(ctx, caller.Workspace, []fleet.DeviceID{id}, true)
		if err != nil {
			return done, err
		}
		if len(found) == 0 {
			return done, fleet.MissingDevices([]fleet.DeviceID{id}, false)
		}
		err = tx.InsertEvent(ctx, fleet.Event{
			Type: fleet.EventConnectivityReset, Workspace: caller.Workspace, User: caller.User, Device: id, Description: "Connectivity reset requested",
		})
		if err != nil {
			return done, err
		}
		entry := fleet.AuditEntry{Action: fleet.AuditDeviceChanged, Subject: fleet.Subject("device", id), Detail: fleet.AuditDetail{Devices: 1}}
		return done, audit(ctx, tx, caller, entry)
	})
}
