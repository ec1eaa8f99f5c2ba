package api

import (
	"encoding/json"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Device is a device that holds a SIM; the wire calls it an endpoint.
type Device struct {
	ID             int64     `json:"id"`
	Name           string    `json:"name"`
	Tags           string    `json:"tags,omitempty"` // separated by commas
	Created        Time      `json:"created"`
	LastUpdated    Time      `json:"last_updated"`
	Status         Ref       `json:"status"`
	ServiceProfile *NamedRef `json:"service_profile,omitempty"`
	TariffProfile  *NamedRef `json:"tariff_profile,omitempty"`
	SIM            *SIM      `json:"sim,omitempty"` // as in a listing of SIMs, without the device; absent if unattached
	IMEI           string    `json:"imei,omitempty"`
	IMEILock       bool      `json:"imei_lock"`
	IPAddress      string    `json:"ip_address,omitempty"`
	IPAddressSpace *IDRef    `json:"ip_address_space,omitempty"`
}

// DeviceFields are the properties of a device that a request may set.
type DeviceFields struct {
	Name           Optional[string]        `json:"name,omitzero"`
	Tags           Optional[string]        `json:"tags,omitzero"`
	Status         Optional[IDRef]         `json:"status,omitzero"`
	ServiceProfile Optional[IDRef]         `json:"service_profile,omitzero"`
	TariffProfile  Optional[IDRef]         `json:"tariff_profile,omitzero"`
	SIM            Optional[SIMAttachment] `json:"sim,omitzero"`
	IMEI           Optional[string]        `json:"imei,omitzero"`
	IMEILock       Optional[bool]          `json:"imei_lock,omitzero"`
	IPAddress      Optional[string]        `json:"ip_address,omitzero"`

	IPAddressSpace Optional[IDRef] `json:"ip_address_space,omitzero"`

	// Properties of a listing that are accepted but never applied, so that a client can send
	// back what it received.
	Created     json.RawMessage `json:"created,omitempty"`
	LastUpdated json.RawMessage `json:"last_updated,omitempty"`
}

// SIMAttachment selects the SIM of a device. An id of null takes it out. Other properties of a SIM
// are accepted.
type SIMAttachment struct {
	ID       Optional[ID]   `json:"id,omitzero"`
	Activate Optional[bool] `json:"activate,omitzero"` // whether an Issued SIM becomes Activated
	// Status is the new status of the SIM. It takes precedence over Activate.
	Status Optional[IDRef] `json:"status,omitzero"`
}

// DeviceRequest is the body of PATCH /api/v1/endpoint/{id}. An id is accepted but never
// applied.
type DeviceRequest struct {
	DeviceFields
	ID json.RawMessage `json:"id,omitempty"`
}

// NewDevice is the body of POST /api/v1/endpoint, and one item of the list form of POST
// /api/v2/endpoint/multi. An id is accepted but never applied.
type NewDevice struct {
	DeviceFields
	ID           json.RawMessage `json:"id,omitempty"`
	Organisation Optional[IDRef] `json:"organisation,omitzero"` // the token's Workspace when absent
}

// NewDevices is the body of POST /api/v2/endpoint/multi: properties of all devices, and those
// of each.
type NewDevices struct {
	Status         Optional[IDRef] `json:"status,omitzero"`
	ServiceProfile Optional[IDRef] `json:"service_profile,omitzero"`
	TariffProfile  Optional[IDRef] `json:"tariff_profile,omitzero"`
	Organisation   Optional[IDRef] `json:"organisation,omitzero"` // the token's Workspace when absent
	IPAddressSpace Optional[IDRef] `json:"ip_address_space,omitzero"`
	Endpoints      []OneOfDevices  `json:"endpoints"`
}

// OneOfDevices contains the properties of one device of NewDevices.
type OneOfDevices struct {
	Name      Optional[string]        `json:"name,omitzero"`
	Tags      Optional[string]        `json:"tags,omitzero"`
	IMEI      Optional[string]        `json:"imei,omitzero"`
	IMEILock  Optional[bool]          `json:"imei_lock,omitzero"`
	IPAddress Optional[string]        `json:"ip_address,omitzero"`
	SIM       Optional[SIMAttachment] `json:"sim,omitzero"`
}

// DevicePatch is one item of PATCH /api/v2/endpoint/multi.
type DevicePatch struct {
	ID Optional[ID] `json:"id,omitzero"`
	DeviceFields
}

// IDRefs are the body of a request that names things by their ids: [{"id": 1}, {"id": 2}].
// Other properties that a listing returns are accepted.
type IDRefs []IDRef

// UnmarshalJSONFrom ignores unknown properties even if the decoder refuses them.
func (r *IDRefs) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var list []IDRef
	err := jsonv2.UnmarshalDecode(dec, &list, jsonv2.RejectUnknownMembers(false))
	*r = list
	return err
}
