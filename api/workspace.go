package api

// Workspace is the response to GET /api/v1/organisation/my.
type Workspace struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Type    Ref      `json:"type"`
	Status  Ref      `json:"status"`
	Country *Country `json:"country,omitempty"`
}

// WorkspaceRef is a Workspace as a SIM refers to it.
type WorkspaceRef struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Country *Country `json:"country,omitempty"`
}
