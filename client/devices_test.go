package client_test

import (
	"slices"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

func newDevice(name string) client.DeviceChange {
	profile := api.Some(api.RefTo(1))
	return client.DeviceChange{Name: api.Some(name), Status: api.Some(api.RefTo(client.DeviceEnabled)), ServiceProfile: profile, TariffProfile: profile}
}

// A device from creation to deletion, with a SIM that is attached and detached.
func TestDeviceEndToEnd(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	ask := newDevice("meter")
	ask.SIM = api.Some(api.SIMAttachment{ID: api.Some(api.ID(252)), Activate: api.Some(false)})
	key := client.IdempotencyKey(client.NewIdempotencyKey())
	made, err := c.CreateDevice(ctx, ask, key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.CreateDevice(ctx, ask, key)
	if err != nil || again.ID != made.ID || made.SIM == nil || made.SIM.Status.ID != client.SIMIssued {
		t.Errorf("made %+v, again %+v, %v", made, again, err)
	}
	if err := c.DeleteDevice(ctx, made.ID); !client.IsInUse(err) || client.IsConflict(err) {
		t.Errorf("deleted while it holds a SIM: %v", err)
	}
	if err := c.AttachSIM(ctx, kit.EmptyDevice, kit.IssuedSIM); !client.IsInUse(err) {
		t.Errorf("a SIM that is in another device: %v", err)
	}
	must(t, c.DetachSIM(ctx, made.ID))
	must(t, c.AttachSIM(ctx, kit.EmptyDevice, kit.IssuedSIM))
	must(t, c.ChangeDevice(ctx, made.ID, client.DeviceChange{Name: api.Null[string](), Tags: api.Some("north")}))
	must(t, c.SetDeviceStatus(ctx, made.ID, client.DeviceDisabled))
	got, err := c.Device(ctx, made.ID)
	if err != nil || got.Name != "" || got.Tags != "north" || got.SIM != nil || got.Status.ID != client.DeviceDisabled {
		t.Errorf("changed: %+v %v", got, err)
	}
	if err := c.SetDeviceStatus(ctx, made.ID, 7); !client.IsInvalid(err) {
		t.Errorf("a status that does not exist: %v", err)
	}
	events, err := c.DeviceEvents(ctx, made.ID, client.ListOptions{Sort: "id"})
	if err != nil || events.Total != 3 || events.Items[0].Type.ID != 51 || events.Items[2].Type.ID != 43 {
		t.Errorf("events: %+v %v", events, err)
	}
	must(t, c.DeleteDevice(ctx, made.ID))
	if _, err := c.Device(ctx, made.ID); !client.IsNotFound(err) {
		t.Errorf("a deleted device: %v", err)
	}
}

func TestManyDevicesEndToEnd(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	made, err := c.CreateDevices(ctx, []client.DeviceChange{newDevice("a"), newDevice("b"), newDevice("c")})
	if err != nil || len(made) != 3 || made[2].Name != "c" {
		t.Fatalf("%+v %v", made, err)
	}
	var changes []api.DevicePatch
	var ids []int64
	for _, d := range made {
		ids = append(ids, d.ID)
		changes = append(changes, api.DevicePatch{ID: api.Some(api.ID(d.ID)), DeviceFields: client.DeviceChange{Tags: api.Some("batch")}})
	}
	must(t, c.ChangeDevices(ctx, changes))
	var tagged []int64
	for d, err := range c.AllDevices(ctx, client.ListOptions{Filter: "tags:batch", PerPage: 2}) {
		must(t, err)
		tagged = append(tagged, d.ID)
	}
	if !slices.Equal(tagged, ids) {
		t.Errorf("tagged are %v, want %v", tagged, ids)
	}
	err = c.DeleteDevices(ctx, append([]int64{777, 778}, ids...))
	if e := asError[*client.APIError](t, err); !client.IsNotFound(err) || len(e.Problems) != 2 {
		t.Errorf("%+v", e)
	}
	must(t, c.DeleteDevices(ctx, ids))
	if page, err := c.ListDevices(ctx, client.ListOptions{}); err != nil || page.Total != 2 {
		t.Errorf("%+v %v", page, err)
	}
}

func TestListsAroundDevices(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), observer)
	statuses, err := c.DeviceStatuses(ctx)
	if err != nil || len(statuses) != 3 || statuses[2].Description != "Deleted" {
		t.Errorf("%+v %v", statuses, err)
	}
	services, err := c.ServiceProfiles(ctx, client.ListOptions{})
	if err != nil || services.Total != 1 || services.Items[0].Name != "Default" {
		t.Errorf("%+v %v", services, err)
	}
	tariffs, err := c.TariffProfiles(ctx, client.ListOptions{Filter: "name:x"})
	if err != nil || tariffs.Total != 0 {
		t.Errorf("%+v %v", tariffs, err)
	}
	if p, err := c.ServiceProfile(ctx, 1); err != nil || p.Name != "Default" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := c.TariffProfile(ctx, 7); !client.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	if err := c.AttachSIM(ctx, kit.EmptyDevice, kit.IssuedSIM); !client.IsForbidden(err) {
		t.Errorf("an Observer: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
