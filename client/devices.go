package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/api"
)

// The statuses of a device, as its Status.ID.
const (
	DeviceEnabled  int64 = 0
	DeviceDisabled int64 = 1
	DeviceDeleted  int64 = 2
)

const (
	devicesPath     = "/api/v1/endpoint"
	manyDevicesPath = "/api/v2/endpoint/multi"
)

// DeviceChange describes changes of a device; absent properties stay unchanged. api.Some gives
// a value, api.Null clears a text. To create one, Status, ServiceProfile and TariffProfile are
// required.
type DeviceChange = api.DeviceFields

// ListDevices reads one page of the devices of the bearer's Workspace, sorted by id by default;
// 1,000 per page by default, 2,000 at most.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) ListDevices(ctx context.Context, o ListOptions) (*Page[api.Device], error) {
	return list[api.Device](ctx, c, devicesPath, o)
}

// AllDevices iterates over all pages of ListDevices, one request per page. It stops at the
// first error.
func (c *Client) AllDevices(ctx context.Context, o ListOptions) iter.Seq2[api.Device, error] {
	return all[api.Device](ctx, c, devicesPath, o)
}

// Device reads one device.
//
// Permission: any role in the Workspace. Errors: IsNotFound, also for a device of another
// Workspace.
func (c *Client) Device(ctx context.Context, id int64) (*api.Device, error) {
	return get[api.Device](ctx, c, devicePath(id))
}

// CreateDevice creates a device, and puts the SIM of d, if it names one, into it. The SIM gets the
// Status of its SIMAttachment. Without a Status, an Issued SIM becomes Activated if Activate is
// true; without Activate the server's default decides.
//
// Permission: User or Administrator in the Workspace. Errors: IsInvalid, with Problems; IsInUse
// if the SIM is in another device; IsForbidden.
func (c *Client) CreateDevice(ctx context.Context, d DeviceChange, opts ...WriteOption) (*api.Device, error) {
	return one[api.Device](ctx, c, call{method: http.MethodPost, path: devicesPath, header: headerOf(opts), body: api.DeviceRequest{DeviceFields: d}})
}

// ChangeDevice changes a device.
//
// Permission: User or Administrator in the Workspace. Errors: IsNotFound; IsInvalid, with
// Problems; IsInUse if the SIM is in another device, or the device has another SIM;
// IsForbidden.
func (c *Client) ChangeDevice(ctx context.Context, id int64, d DeviceChange, opts ...WriteOption) error {
	_, err := c.do(ctx, call{method: http.MethodPatch, path: devicePath(id), header: headerOf(opts), body: api.DeviceRequest{DeviceFields: d}})
	return err
}

// SetDeviceStatus enables or disables a device. Permission and errors: those of
// ChangeDevice.
func (c *Client) SetDeviceStatus(ctx context.Context, id, status int64, opts ...WriteOption) error {
	return c.ChangeDevice(ctx, id, DeviceChange{Status: api.Some(api.RefTo(status))}, opts...)
}

// AttachSIM attaches a SIM to a device and keeps its status. Permission and errors: those of
// ChangeDevice.
func (c *Client) AttachSIM(ctx context.Context, device, sim int64, opts ...WriteOption) error {
	return c.ChangeDevice(ctx, device, DeviceChange{SIM: api.Some(api.SIMAttachment{ID: api.Some(api.ID(sim))})}, opts...)
}

// DetachSIM detaches the SIM of a device, if any, and keeps its status. Permission and errors:
// those of ChangeDevice.
func (c *Client) DetachSIM(ctx context.Context, device int64, opts ...WriteOption) error {
	return c.ChangeDevice(ctx, device, DeviceChange{SIM: api.Some(api.SIMAttachment{ID: api.Null[api.ID]()})}, opts...)
}

// DeleteDevice deletes a device.
//
// Permission: User or Administrator in the Workspace. Errors: IsNotFound; IsInUse if it has a
// SIM; IsForbidden.
func (c *Client) DeleteDevice(ctx context.Context, id int64, opts ...WriteOption) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: devicePath(id), header: headerOf(opts)})
	return err
}

// Connectivity reads how a device is connected, as far as the server knows.
//
// Permission: any role in the Workspace. Errors: IsNotFound.
func (c *Client) Connectivity(ctx context.Context, id int64) (*api.Connectivity, error) {
	return get[api.Connectivity](ctx, c, devicePath(id)+"/connectivity")
}

// ResetConnectivity requests a reset of a device's connection.
//
// Permission: User or Administrator in the Workspace. Errors: IsNotFound; IsForbidden.
func (c *Client) ResetConnectivity(ctx context.Context, id int64, opts ...WriteOption) error {
	return c.write(ctx, http.MethodPatch, devicePath(id)+"/connectivity", api.ConnectivityReset{}, opts)
}

// CreateDevices creates up to 2,000 devices, all or none, and returns them in the same order.
// Permission and errors: those of CreateDevice.
func (c *Client) CreateDevices(ctx context.Context, devices []DeviceChange, opts ...WriteOption) ([]api.Device, error) {
	body := make([]api.DeviceRequest, len(devices))
	for i, d := range devices {
		body[i].DeviceFields = d
	}
	made, err := one[[]api.Device](ctx, c, call{method: http.MethodPost, path: manyDevicesPath, header: headerOf(opts), body: body})
	if err != nil {
		return nil, err
	}
	return *made, nil
}

// ChangeDevices changes up to 2,000 devices, all or none. Each appears once, with its ID.
// Permission and errors: those of ChangeDevice, with one problem per device concerned.
func (c *Client) ChangeDevices(ctx context.Context, devices []api.DevicePatch, opts ...WriteOption) error {
	_, err := c.do(ctx, call{method: http.MethodPatch, path: manyDevicesPath, header: headerOf(opts), body: devices})
	return err
}

// DeleteDevices deletes up to 2,000 devices, all or none. Their SIMs are detached, and
// suspended if Activated. Permission and errors: those of DeleteDevice except IsInUse, with one
// problem per device concerned.
func (c *Client) DeleteDevices(ctx context.Context, ids []int64, opts ...WriteOption) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: manyDevicesPath, header: headerOf(opts), body: refs(ids)})
	return err
}

// DeviceEvents reads one page of the events of a device in the bearer's Workspace, newest first
// by default. An unknown device has none.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) DeviceEvents(ctx context.Context, device int64, o ListOptions) (*Page[api.Event], error) {
	return list[api.Event](ctx, c, devicePath(device)+"/event", o)
}

// DeviceStatuses lists the statuses that a device can have.
//
// Permission: any role in the Workspace.
func (c *Client) DeviceStatuses(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, devicesPath+"/status")
}

// ServiceProfiles reads one page of the service profiles of the bearer's Workspace.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) ServiceProfiles(ctx context.Context, o ListOptions) (*Page[api.NamedRef], error) {
	return list[api.NamedRef](ctx, c, "/api/v1/service_profile", o)
}

// TariffProfiles reads one page of the tariff profiles of the bearer's Workspace.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) TariffProfiles(ctx context.Context, o ListOptions) (*Page[api.NamedRef], error) {
	return list[api.NamedRef](ctx, c, "/api/v1/tariff_profile", o)
}

// ServiceProfile reads one service profile. Permission: any role in the Workspace. Errors:
// IsNotFound.
func (c *Client) ServiceProfile(ctx context.Context, id int64) (*api.NamedRef, error) {
	return get[api.NamedRef](ctx, c, "/api/v1/service_profile/"+strconv.FormatInt(id, 10))
}

// TariffProfile reads one tariff profile. Permission: any role in the Workspace. Errors:
// IsNotFound.
func (c *Client) TariffProfile(ctx context.Context, id int64) (*api.NamedRef, error) {
	return get[api.NamedRef](ctx, c, "/api/v1/tariff_profile/"+strconv.FormatInt(id, 10))
}

func devicePath(id int64) string { return devicesPath + "/" + strconv.FormatInt(id, 10) }
