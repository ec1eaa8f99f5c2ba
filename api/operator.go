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

// NewWorkspace is the body of POST /operator/v1/workspace.
type NewWorkspace struct {
	ID      *ID             `json:"id,omitempty"` // the next free one where absent
	Name    *string         `json:"name,omitempty"`
	Type    Optional[IDRef] `json:"type,omitzero"` // an enterprise where absent
	Status  Optional[IDRef] `json:"status,omitzero"`
	Country *string         `json:"country,omitempty"`
	Parent  Optional[IDRef] `json:"parent,omitzero"`
}

// WorkspacePatch is the body of PATCH /operator/v1/workspace/{workspace_id}.
type WorkspacePatch struct {
	Name    *string          `json:"name,omitempty"`
	Type    Optional[IDRef]  `json:"type,omitzero"`
	Status  Optional[IDRef]  `json:"status,omitzero"`
	Country Optional[string] `json:"country,omitzero"` // null clears it
	Parent  Optional[IDRef]  `json:"parent,omitzero"`  // null clears it
}

// OperatorUser is a user as the operator API shows one.
type OperatorUser struct {
	ID               int64        `json:"id"`
	Username         string       `json:"username"` // an e-mail address
	Name             string       `json:"name"`
	Status           Ref          `json:"status"`
	SuperAdmin       bool         `json:"superadmin"`
	DefaultWorkspace *IDOnly      `json:"default_workspace,omitempty"`
	Workspaces       []UserStands `json:"workspaces"`
	Created          Time         `json:"created"`
}

// IDOnly points to something by its id alone.
type IDOnly struct {
	ID int64 `json:"id"`
}

// UserStands is what a user is in one Workspace. Of several roles the one that allows the
// most is shown.
type UserStands struct {
	ID     int64    `json:"id"`
	Name   string   `json:"name"`
	Status Ref      `json:"status"`
	Role   NamedRef `json:"role"`
}

// NewUser is the body of POST /operator/v1/user. It holds no password: that is set by
// another request, so that this one can be repeated under an idempotency key.
type NewUser struct {
	Username         *string         `json:"username,omitempty"`
	Name             *string         `json:"name,omitempty"` // the username where absent
	SuperAdmin       bool            `json:"superadmin,omitzero"`
	DefaultWorkspace Optional[IDRef] `json:"default_workspace,omitzero"`
	Workspaces       []NewUserStands `json:"workspaces,omitempty"`
}

// NewUserStands is a role of a new user in one Workspace.
type NewUserStands struct {
	ID   *ID             `json:"id,omitempty"`
	Role Optional[IDRef] `json:"role,omitzero"`
}

// UserPatch is the body of PATCH /operator/v1/user/{user_id}.
type UserPatch struct {
	Name             *string         `json:"name,omitempty"`
	Status           Optional[IDRef] `json:"status,omitzero"`     // 1 Active, 2 Suspended
	SuperAdmin       Optional[bool]  `json:"superadmin,omitzero"` // only a JSON boolean
	DefaultWorkspace Optional[IDRef] `json:"default_workspace,omitzero"`
}

// NewPassword is the body of PUT /operator/v1/user/{user_id}/password. The password is
// plain: it travels to the operator's listener only.
type NewPassword struct {
	Password *string `json:"password,omitempty"`
}

// NewRole is the body of PUT /operator/v1/user/{user_id}/workspace/{workspace_id}.
type NewRole struct {
	Role   Optional[IDRef] `json:"role,omitzero"`
	Status Optional[IDRef] `json:"status,omitzero"` // 1 Active where absent, 2 Suspended
}

// Imported is the answer of POST /operator/v1/sim/import.
type Imported struct {
	Added int `json:"added"`
	Kept  int `json:"kept"` // that were there already, under the same id and ICCID
}

// NewOperatorToken is the body of POST /operator/v1/application_token.
type NewOperatorToken struct {
	Workspace   Optional[IDRef] `json:"workspace,omitzero"`
	Description *string         `json:"description,omitempty"`
	Expires     *Time           `json:"expires,omitempty"` // never where absent
	CIDR        *string         `json:"cidr,omitempty"`    // network or address that may use it; every one where absent
}
