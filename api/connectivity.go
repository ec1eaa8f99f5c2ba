package api

// Connectivity describes the connection of a device, as far as it is known.
type Connectivity struct {
	Status     ConnectivityStatus `json:"status"`
	Location   struct{}           `json:"location"`    // never known
	PDPContext struct{}           `json:"pdp_context"` // never known
	Services   []string           `json:"services"`    // none known
}

// ConnectivityStatus is the state of the connection: ATTACHED, ONLINE, OFFLINE or BLOCKED.
type ConnectivityStatus struct {
	Description string `json:"description"`
}

// ConnectivityReset is the body of PATCH /api/v1/endpoint/{id}/connectivity. It names what to
// reset, each by null or an object. Without a body, or with an empty one, both are reset.
type ConnectivityReset struct {
	Location   Optional[struct{}] `json:"location,omitzero"`
	PDPContext Optional[struct{}] `json:"pdp_context,omitzero"`
}
