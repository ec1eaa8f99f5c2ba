package api

// OperatorWorkspace is a Workspace as the operator API shows it.
type OperatorWorkspace struct {
	ID      int64   `json:"id"`
	Name    string  `json:"name"`
	Type    Ref     `json:"type"`
	Status  Ref     `json:"status"`
	Country string  `json:"country,omitempty"` // ISO 3166-1 alpha-2, upper case
	Parent  *IDOnly `json:"parent,omitempty"`
	Created Time    `json:"created"`
}

// OperatorNewWorkspace is the body of POST /operator/v1/workspace.
type OperatorNewWorkspace struct {
	ID      *ID             `json:"id,omitempty"` // the next free one if absent
	Name    *string         `json:"name,omitempty"`
	Type    Optional[IDRef] `json:"type,omitzero"` // an enterprise if absent
	Status  Optional[IDRef] `json:"status,omitzero"`
	Country *string         `json:"country,omitempty"`
	Parent  Optional[IDRef] `json:"parent,omitzero"`
}

// OperatorWorkspacePatch is the body of PATCH /operator/v1/workspace/{workspace_id}.
type OperatorWorkspacePatch struct {
	Name    *string          `json:"name,omitempty"`
	Type    Optional[IDRef]  `json:"type,omitzero"`
	Status  Optional[IDRef]  `json:"status,omitzero"`
	Country Optional[string] `json:"country,omitzero"` // null clears it
	Parent  Optional[IDRef]  `json:"parent,omitzero"`  // null clears it
}

// OperatorUser is a user as the operator API shows it.
type OperatorUser struct {
	ID               int64                `json:"id"`
	Username         string               `json:"username"` // an e-mail address
	Name             string               `json:"name"`
	Status           Ref                  `json:"status"`
	SuperAdmin       bool                 `json:"superadmin"`
	DefaultWorkspace *IDOnly              `json:"default_workspace,omitempty"`
	Workspaces       []OperatorMembership `json:"workspaces"`
	Created          Time                 `json:"created"`
}

// OperatorMembership is the membership of a user in one Workspace. If there are several roles,
// the highest is shown.
type OperatorMembership struct {
	ID     int64    `json:"id"`
	Name   string   `json:"name"`
	Status Ref      `json:"status"`
	Role   NamedRef `json:"role"`
}

// OperatorNewUser is the body of POST /operator/v1/user. It contains no password: a separate
// request sets it, so that this one can be repeated under an idempotency key.
type OperatorNewUser struct {
	Username         *string                 `json:"username,omitempty"`
	Name             *string                 `json:"name,omitempty"` // the username if absent
	SuperAdmin       bool                    `json:"superadmin,omitzero"`
	DefaultWorkspace Optional[IDRef]         `json:"default_workspace,omitzero"`
	Workspaces       []OperatorNewMembership `json:"workspaces,omitempty"`
}

// OperatorNewMembership is a role of a new user in one Workspace.
type OperatorNewMembership struct {
	ID   *ID             `json:"id,omitempty"`
	Role Optional[IDRef] `json:"role,omitzero"`
}

// OperatorUserPatch is the body of PATCH /operator/v1/user/{user_id}.
type OperatorUserPatch struct {
	Name             *string         `json:"name,omitempty"`
	Status           Optional[IDRef] `json:"status,omitzero"`     // 1 Active, 2 Suspended
	SuperAdmin       Optional[bool]  `json:"superadmin,omitzero"` // only a JSON boolean
	DefaultWorkspace Optional[IDRef] `json:"default_workspace,omitzero"`
}

// OperatorNewPassword is the body of PUT /operator/v1/user/{user_id}/password. The password is
// in plain text; it is sent to the operator's listener only.
type OperatorNewPassword struct {
	Password *string `json:"password,omitempty"`
}

// OperatorUnlock is the body of POST /operator/v1/user/{user_id}/unlock.
type OperatorUnlock struct {
	Address *string `json:"address,omitempty"` // an IP address, none if absent
}

// OperatorNewRole is the body of PUT /operator/v1/user/{user_id}/workspace/{workspace_id}.
type OperatorNewRole struct {
	Role   Optional[IDRef] `json:"role,omitzero"`
	Status Optional[IDRef] `json:"status,omitzero"` // 1 Active if absent, 2 Suspended
}

// OperatorImported is the response to POST /operator/v1/sim/import.
type OperatorImported struct {
	Added int `json:"added"`
	Kept  int `json:"kept"` // already present with the same id and ICCID
}

// OperatorNewToken is the body of POST /operator/v1/application_token.
type OperatorNewToken struct {
	Workspace   Optional[IDRef] `json:"workspace,omitzero"`
	Description *string         `json:"description,omitempty"`
	Expires     *ExpiryTime     `json:"expires,omitempty"` // never when absent
	CIDR        *string         `json:"cidr,omitempty"`    // network or address that may use it; any if absent
}

// OperatorOffer is an offer as the operator API shows it.
type OperatorOffer struct {
	ID              int64    `json:"id"`
	Status          string   `json:"status"`
	SourceWorkspace NamedRef `json:"source_workspace"`
	TargetWorkspace NamedRef `json:"target_workspace"`
	SIMCount        int      `json:"sim_count"`
	CreatedAt       Time     `json:"created_at"`
	EndedAt         Time     `json:"ended_at"`
}
