package api

// User is a person who can sign in, seen from the Workspace of the caller's token: the
// roles are those held in it.
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
	Name   *string         `json:"name,omitempty"`
	Status Optional[IDRef] `json:"status,omitzero"` // in the token's Workspace: 1 Active, 2 Suspended
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
