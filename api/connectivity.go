package api

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

// ConnectivityReset is the body of PATCH /api/v1/endpoint/{id}/connectivity. It names what to reset,
// each by null or an object. An empty body, or none, resets both.
type ConnectivityReset struct {
	Location   Optional[struct{}] `json:"location,omitzero"`
	PDPContext Optional[struct{}] `json:"pdp_context,omitzero"`
}
