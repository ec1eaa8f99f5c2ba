package api

// AuthRequest is the body of POST /api/v1/authenticate. The strings that are there choose
// the mode: an application token, a user name with its password, or a refresh token.
type AuthRequest struct {
	ApplicationToken *string `json:"application_token,omitempty"`
	Username         *string `json:"username,omitempty"`
	Password         *string `json:"password,omitempty"` // SHA-1 of the password, in hex
	Fingerprint      *string `json:"fingerprint,omitempty"`
	RefreshToken     *string `json:"refresh_token,omitempty"`
}

// AuthResponse carries the tokens. RefreshToken is "" for an application token and for a
// switch of Workspace. Where a second factor is due, only MFAToken is there.
type AuthResponse struct {
	AuthToken    string `json:"auth_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	MFAToken     string `json:"mfa_token,omitempty"`
}

// LogoutRequest is the body of POST /api/v1/logout, which may be left out.
type LogoutRequest struct {
	Everywhere bool `json:"everywhere,omitempty"` // every session of the user, and not only this one
}

// SwitchRequest is the body of POST /api/v1/authenticate/workspace.
type SwitchRequest struct {
	TargetOrganisation Optional[IDRef] `json:"target_organisation,omitzero"`
}
