package api

// WorkspaceSettings are what the Administrators of a Workspace decide for it.
type WorkspaceSettings struct {
	ReasonRequired bool `json:"reason_required"` // SIMs enter and leave it only with a reason
}

// WorkspaceSettingsPatch is the body of PATCH /api/v1/organisation/my/setting.
type WorkspaceSettingsPatch struct {
	ReasonRequired Optional[bool] `json:"reason_required,omitzero"`
}

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
