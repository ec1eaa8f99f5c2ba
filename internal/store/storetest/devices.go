package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var deviceCases = []testCase{
	{"WrittenAndRead", devicesWritten},
	{"IDTaken", deviceTaken},
	{"InOneWorkspace", devicesOfOne},
	{"SIMsInOneWorkspace", simsOfOne},
	{"OneByOne", devicesOneByOne},
	{"Events", deviceEvents},
	{"Profiles", profilesListed},
}

// manyDevices returns devices of FleetDE in which every column differs.
func manyDevices(n int) []fleet.Device {
	list := make([]fleet.Device, n)
	for i := range list {
		list[i] = fleet.Device{
			ID: fleet.DeviceID(20000 + i), Workspace: FleetDE, Name: fmt.Sprintf("m\x00eter %d", i), Tags: fmt.Sprintf("a, %d", i%7), IMEI: fmt.Sprintf("%015d", i),
			IMEILock: i%2 == 0, IPAddress: fmt.Sprintf("10.0.%d.%d", i/256, i%256), Status: fleet.DeviceStatus(i % 2),
			ServiceProfile: int64(i % 3), TariffProfile: int64(i % 5),
		}
	}
	return list
}

func (e *env) devices(ids ...fleet.DeviceID) (found map[fleet.DeviceID]fleet.Device) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		found, err = tx.DevicesOf(ctx, FleetDE, ids, false)
		return err
	})
	return found
}

// More devices than fit into one statement are stored as written, and after a change as
// changed.
func devicesWritten(e *env) {
	e.fleet()
	list := manyDevices(1100)
	ids := make([]fleet.DeviceID, len(list))
	e.clock.advance(time.Hour)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertDevices(ctx, list, "made") })
	for i := range list {
		list[i].Name = fmt.Sprintf("m\uFFFDeter %d", i) // NUL is not valid text
		list[i].Created, list[i].Updated = e.clock.Now(), e.clock.Now()
		ids[i] = list[i].ID
	}
	check := func(what string) {
		found := e.devices(ids...)
		for _, d := range list {
			e.equal(what, found[d.ID], d)
		}
	}
	check("made")
	e.clock.advance(time.Hour)
	for i := range list {
		list[i].Name, list[i].Tags, list[i].IMEILock, list[i].TariffProfile = "changed", "", !list[i].IMEILock, 9
	}
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutDevices(ctx, list[:700], "changed") })
	for i := range list {
		if i < 700 {
			list[i].Updated = e.clock.Now()
			continue
		}
		list[i] = e.devices(ids[i])[ids[i]]
	}
	check("changed")
}

func deviceTaken(e *env) {
	e.fleet()
	before := e.devices(9001)
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertDevices(ctx, []fleet.Device{{ID: 9101, Workspace: FleetDE}, {ID: 9001, Workspace: FleetDE}}, "")
	})
	if fleet.CodeOf(err) != fleet.Duplicated {
		e.Errorf("a second device 9001: %v, want Duplicated", err)
	}
	e.equal("devices", e.devices(9001, 9101), before)
}

// Lookups in one Workspace find nothing of another, and nothing deleted.
func devicesOfOne(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		gone := fleet.Device{ID: 9005, Workspace: FleetDE, Status: fleet.DeviceDeleted}
		return tx.PutDevice(ctx, gone)
	})
	if got := e.devices(9001, 9002, 9003, 9005, 9999, -1); len(got) != 2 || got[9002].Status != fleet.DeviceDisabled {
		e.Errorf("found %+v", got)
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		locked, err := tx.DevicesOf(ctx, FleetDE, []fleet.DeviceID{9003, 9002, 9001}, true)
		if err != nil || len(locked) != 2 {
			e.Errorf("locked %+v, %v", locked, err)
		}
		attached, err := tx.HeldBy(ctx, []fleet.DeviceID{9001, 9002, 9003, 9005})
		if err != nil || attached[9001] != 11 || attached[9002] != 12 || len(attached) != 3 {
			e.Errorf("held %v, %v", attached, err)
		}
		return err
	})
}

func simsOfOne(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		sims, err := tx.LockedSIMs(ctx, FleetDE, []fleet.SIMID{12, 11, 22, 999})
		if err != nil || len(sims) != 2 || sims[11].Device != 9001 || sims[11].DeviceName != "tracker-1" {
			e.Errorf("SIMs %+v, %v", sims, err)
		}
		inside, err := tx.SIMsIn(ctx, FleetDE, []fleet.DeviceID{9001, 9003})
		if err != nil || len(inside) != 1 || inside[0].ID != 11 {
			e.Errorf("inside %+v, %v", inside, err)
		}
		return err
	})
}

func devicesOneByOne(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDevice(ctx, fleet.Device{ID: 9005, Workspace: FleetDE, Status: fleet.DeviceDeleted})
	})
	for ws, want := range map[fleet.WorkspaceID]string{0: "[9001 9002 9003]", FleetDE: "[9001 9002]", FleetBR: "[]"} {
		e.view(func(ctx context.Context, tx *store.Tx) error {
			ids := []fleet.DeviceID{}
			n, err := tx.CountDevices(ctx, ws)
			if err == nil {
				err = tx.EachDevice(ctx, ws, func(d fleet.Device) error { ids = append(ids, d.ID); return nil })
			}
			if fmt.Sprint(ids) != want || n != len(ids) {
				e.Errorf("of Workspace %d: %v, counted %d, want %s", ws, ids, n, want)
			}
			return err
		})
	}
}

// Events without a ledger entry keep the order in which they were written.
func deviceEvents(e *env) {
	e.fleet()
	var list []fleet.Event
	for i := range 90 {
		list = append(list, fleet.Event{
			Type: fleet.EventDeviceDisabled, Severity: fleet.Severity(i % 3), Workspace: FleetDE, Device: fleet.DeviceID(9001 + i%2), Description: fmt.Sprint(i),
		})
	}
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertEvents(ctx, Admin, list) })
	got := plainEvents(e.events(FleetDE, 0, "", "id"))
	for i, want := range list {
		want.ID, want.Time, want.Source, want.User = fleet.EventID(i+1), start, fleet.SourceAPI, Admin
		e.equal("event", got[i], want)
	}
}

func profilesListed(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, p := range []fleet.Profile{
			{ID: 2, Workspace: FleetDE, Kind: fleet.ServiceProfile, Name: "b"}, {ID: 1, Workspace: FleetDE, Kind: fleet.ServiceProfile, Name: "a"},
			{ID: 1, Workspace: FleetDE, Kind: fleet.TariffProfile, Name: "c"}, {ID: 3, Workspace: FleetAT, Kind: fleet.ServiceProfile, Name: "d"},
		} {
			if err := tx.PutProfile(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
	e.view(func(ctx context.Context, tx *store.Tx) error {
		l, err := fleet.ParseList(fleet.ProfileList, "", "-name", "", "")
		if err != nil {
			return err
		}
		page, err := tx.Profiles(ctx, FleetDE, fleet.ServiceProfile, l)
		if err != nil || page.Total != 2 || page.Items[0].ID != 2 || page.Items[1].Name != "a" {
			e.Errorf("listed %+v, %v", page, err)
		}
		named, err := tx.ProfilesNamed(ctx, FleetDE, []int64{1, 3}, []int64{1, 2})
		if err != nil || len(named) != 2 || named[fleet.ProfileKey{Kind: fleet.TariffProfile, ID: 1}].Name != "c" {
			e.Errorf("named %+v, %v", named, err)
		}
		return err
	})
}
