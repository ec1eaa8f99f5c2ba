package fleet_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
)

func ptr[T any](v T) *T { return &v }

// TestDeviceValues checks the limits of every value of a device.
func TestDeviceValues(t *testing.T) {
	for _, c := range []struct {
		patch fleet.DevicePatch
		want  []fleet.Code
	}{
		{fleet.DevicePatch{}, nil},
		{fleet.DevicePatch{Name: ptr(""), Tags: ptr(""), IMEI: ptr(""), IPAddress: ptr("")}, nil},
		{fleet.DevicePatch{IMEI: ptr("12345678901234")}, nil},
		{fleet.DevicePatch{IMEI: ptr("1234567890123456")}, nil},
		{fleet.DevicePatch{IMEI: ptr("1234567890123")}, []fleet.Code{fleet.InvalidFormat}},
		{fleet.DevicePatch{IMEI: ptr("12345678901234567")}, []fleet.Code{fleet.InvalidFormat}},
		{fleet.DevicePatch{IMEI: ptr("1234567890123٤")}, []fleet.Code{fleet.InvalidFormat}},
		{fleet.DevicePatch{IPAddress: ptr("10.0.0.1")}, nil},
		{fleet.DevicePatch{IPAddress: ptr("fe80::1%eth0")}, []fleet.Code{fleet.InvalidFormat}},
		{fleet.DevicePatch{IPAddress: ptr("10.0.0.1/8")}, []fleet.Code{fleet.InvalidFormat}},
		{fleet.DevicePatch{Name: ptr("a\tb"), Tags: ptr("a\x00b")}, []fleet.Code{fleet.InvalidFormat, fleet.InvalidFormat}},
	} {
		_, problems := fleet.Device{}.Patched(c.patch)
		var got []fleet.Code
		for _, p := range problems {
			got = append(got, p.Code)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.patch, diff)
		}
	}
}

func TestDeviceValuesAreKeptInOneForm(t *testing.T) {
	d, _ := fleet.Device{Name: "old"}.Patched(fleet.DevicePatch{Name: ptr("  meter "), IPAddress: ptr(" 2001:DB8:0::7 ")})
	if d.Name != "meter" || d.IPAddress != "2001:db8::7" {
		t.Errorf("%+v", d)
	}
	again, _ := d.Patched(fleet.DevicePatch{})
	if again != d {
		t.Errorf("an empty patch changed %+v into %+v", d, again)
	}
}

// drawn draws a small Workspace: devices 1 to 4, SIMs 11 to 14, some in devices, and profile 1
// of each kind.
func drawn(t *rapid.T) fleet.DeviceSnapshot {
	snap := fleet.DeviceSnapshot{
		Devices: map[fleet.DeviceID]fleet.Device{}, SIMs: map[fleet.SIMID]fleet.SIMState{}, Held: map[fleet.DeviceID]fleet.SIMID{},
		Profiles: map[fleet.ProfileKey]fleet.Profile{{Kind: fleet.ServiceProfile, ID: 1}: {}, {Kind: fleet.TariffProfile, ID: 1}: {}},
	}
	for id := fleet.DeviceID(1); id < 5; id++ {
		snap.Devices[id] = fleet.Device{ID: id, Workspace: 100, Status: fleet.DeviceStatus(rapid.IntRange(0, 1).Draw(t, "status"))}
	}
	for id := fleet.SIMID(11); id < 15; id++ {
		s := fleet.SIMState{ID: id, Workspace: 100, Status: rapid.SampledFrom([]fleet.SIMStatus{0, 1, 2, 4}).Draw(t, "SIM status"), Version: 3}
		if d := fleet.DeviceID(id - 10); rapid.Bool().Draw(t, "attached") {
			s.Device, snap.Held[d] = d, id
		}
		snap.SIMs[id] = s
	}
	return snap
}

func drawnChange(t *rapid.T, id fleet.DeviceID) fleet.DeviceChange {
	c := fleet.DeviceChange{ID: id}
	if rapid.Bool().Draw(t, "changes status") {
		c.Patch.Status = ptr(fleet.DeviceStatus(rapid.IntRange(0, 1).Draw(t, "to")))
	}
	if rapid.Bool().Draw(t, "changes profile") {
		c.Patch.ServiceProfile = ptr(rapid.SampledFrom([]int64{1, 1, 1, 2}).Draw(t, "profile"))
	}
	switch rapid.IntRange(0, 2).Draw(t, "SIM") {
	case 1:
		c.Patch.SIM = &fleet.SIMAttachment{Out: true}
	case 2:
		c.Patch.SIM = &fleet.SIMAttachment{SIM: fleet.SIMID(rapid.IntRange(10, 15).Draw(t, "which")), Activate: rapid.Bool().Draw(t, "activate")}
	}
	return c
}

// TestPlannedDevicesAreConsistent checks every plan: no device has two SIMs, no SIM is in two
// devices, each change raises the version by one, and no event reports what was already so.
func TestPlannedDevicesAreConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snap := drawn(t)
		var list []fleet.DeviceChange
		named := map[fleet.SIMID]bool{}
		for id := fleet.DeviceID(1); id < 6; id++ { // the last is a new one
			c := drawnChange(t, id)
			if c.Patch.SIM != nil && !c.Patch.SIM.Out && named[c.Patch.SIM.SIM] {
				continue
			}
			if c.Patch.SIM != nil {
				named[c.Patch.SIM.SIM] = true
			}
			list = append(list, c)
		}
		plan, err := fleet.PlanDevices(100, list, snap, "[%d]")
		if err != nil {
			var refusal *fleet.Error
			if plan != nil || !errors.As(err, &refusal) || len(refusal.Problems) == 0 || refusal.Message != refusal.Problems[0].Message {
				t.Fatalf("%+v %v", plan, err)
			}
			if refusal.Code != fleet.ValidationFailed && refusal.Code != fleet.InUse {
				t.Fatalf("refused with %d", refusal.Code)
			}
			return
		}
		now := map[fleet.SIMID]fleet.SIMState{}
		for id, s := range snap.SIMs {
			now[id] = s
		}
		for _, s := range plan.SIMs {
			if s.Before != now[s.Before.ID] || s.After.Version != s.Before.Version+1 || s.After.Workspace != 100 {
				t.Fatalf("%+v", s)
			}
			if s.After.Status != s.Before.Status && (s.Before.Status != fleet.SIMIssued || s.After.Status != fleet.SIMActivated) {
				t.Fatalf("status: %+v", s)
			}
			if s.After.Device == s.Before.Device && s.After.Status == s.Before.Status {
				t.Fatalf("nothing happens to %+v", s)
			}
			now[s.After.ID] = s.After
		}
		holders := map[fleet.DeviceID]fleet.SIMID{}
		for id, s := range now {
			if other := holders[s.Device]; s.Device != 0 && other != 0 {
				t.Fatalf("device %d holds %d and %d", s.Device, id, other)
			}
			holders[s.Device] = id
		}
		for _, e := range plan.Events {
			if snap.Devices[e.Device].Status == fleet.DeviceDisabled != (e.Type == fleet.EventDeviceEnabled) {
				t.Fatalf("refused: %+v", e)
			}
		}
	})
}
