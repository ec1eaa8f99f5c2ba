package api

import "encoding/json"

// Connectivity is what is known of the connection of a device.
type Connectivity struct {
	Status     ConnectivityStatus `json:"status"`
	Location   struct{}           `json:"location"`    // never known
	PDPContext struct{}           `json:"pdp_context"` // never known
	Services   []string           `json:"services"`    // none known
}

// ConnectivityStatus says how a device is connected: ATTACHED, ONLINE, OFFLINE or BLOCKED.
type ConnectivityStatus struct {
	Description string `json:"description"`
}

// ConnectivityReset is the body of PATCH /api/v1/endpoint/{id}/connectivity, which may be left out:
// what is to be reset, both when it is empty.
type ConnectivityReset struct {
	Location   json.RawMessage `json:"location,omitempty"`
	PDPContext json.RawMessage `json:"pdp_context,omitempty"`
}
