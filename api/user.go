package api

// User is a user who can sign in, as seen from the Workspace of the caller's token: the roles
// are those in it.
type User struct {
	ID           int64      `json:"id"`
	Username     string     `json:"username"` // an e-mail address
	Name         string     `json:"name"`
	Status       Ref        `json:"status"`
	Created      Time       `json:"created"`
	Organisation NamedRef   `json:"organisation"`
	Roles        []NamedRef `json:"roles"`
}

// UserWorkspace is a Workspace that a user is a member of.
type UserWorkspace struct {
	ID               int64      `json:"id"`
	Name             string     `json:"name"`
	Status           Ref        `json:"status"` // of the membership: active or suspended
	Roles            []NamedRef `json:"roles"`
	DefaultWorkspace bool       `json:"default_workspace"`
}

// UserPatch is the body of PATCH /api/v1/user/{id}.
type UserPatch struct {
	Username *string         `json:"username,omitempty"` // only the current one, in any case
	Name     *string         `json:"name,omitempty"`
	Status   Optional[IDRef] `json:"status,omitzero"` // in the token's Workspace: 1 Active, 2 Suspended
}

// MemberPatch is the body of PATCH /api/v2/user/{id}/workspace/{workspace_id}.
type MemberPatch struct {
	Status Optional[IDRef] `json:"status,omitzero"` // 1 Active, 2 Suspended
}

// Permission is one thing that a user may do.
type Permission struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// InvitationRequest is the body of POST /api/v2/user/invitation and POST /api/v1/user.
type InvitationRequest struct {
	Username     *string           `json:"username,omitempty"` // an e-mail address
	Name         *string           `json:"name,omitempty"`
	Organisation Optional[IDRef]   `json:"organisation,omitzero"` // the token's Workspace if absent
	Roles        Optional[[]IDRef] `json:"roles,omitzero"`        // Observer if absent
}

// InvitationResponse describes the invited user and the Workspace.
type InvitationResponse struct {
	ID            int64      `json:"id"`
	Username      string     `json:"username"`
	Name          string     `json:"name"`
	Organisation  IDRef      `json:"organisation"`
	Roles         []NamedRef `json:"roles"`
	ActivationKey string     `json:"activation_key,omitempty"` // only if the inviter passes it on
}

// ActivationRequest is the body of POST /api/v2/user/activation.
type ActivationRequest struct {
	ActivationKey *string `json:"activationKey,omitempty"`
	Password      *string `json:"password,omitempty"` // SHA-1 of the password, in hex
	Name          *string `json:"name,omitempty"`
}

// ActivationRequestV1 is the body of POST /api/v1/user/activation.
type ActivationRequestV1 struct {
	ActivationKey *string `json:"activationKey,omitempty"`
	Password      *string `json:"password,omitempty"` // SHA-1 of the password, in hex
}

// PasswordResetRequest is the body of POST /api/v1/user/password/reset.
type PasswordResetRequest struct {
	Username *string `json:"username,omitempty"`
}
