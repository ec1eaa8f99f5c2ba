package api

// AuthRequest is the body of POST /api/v1/authenticate. The strings that are there choose
// the mode: an application token, a user name with its password, the code of a second
// factor with the mfa_token that asked for it, or a refresh token.
type AuthRequest struct {
	ApplicationToken *string                 `json:"application_token,omitempty"`
	Username         *string                 `json:"username,omitempty"`
	Password         *string                 `json:"password,omitempty"`    // SHA-1 of the password, in hex
	Fingerprint      *string                 `json:"fingerprint,omitempty"` // of a device that may be trusted
	MFAToken         *string                 `json:"mfa_token,omitempty"`
	Code             *string                 `json:"code,omitempty"` // six digits
	TrustedDevice    Optional[DeviceToTrust] `json:"trusted_device,omitzero"`
	RefreshToken     *string                 `json:"refresh_token,omitempty"`
}

// DeviceToTrust is a device on which the user will not be asked for a code for 90 days. Its
// fingerprint is what it sends with each sign-in: let it be a random text that stays there.
type DeviceToTrust struct {
	Fingerprint     string `json:"fingerprint"`
	OperatingSystem string `json:"operating_system,omitempty"`
	Browser         string `json:"browser,omitempty"`
	Name            string `json:"name,omitempty"`
}

// AuthResponse carries the tokens. RefreshToken is "" for an application token and for a
// switch of Workspace. Where a second factor is due, there is MFAToken and nothing else.
type AuthResponse struct {
	AuthToken    string `json:"auth_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	MFAToken     string `json:"mfa_token,omitempty"`
	// MFAEnrolment tells that AuthToken is good for adding a second factor and for nothing
	// else before.
	MFAEnrolment bool `json:"mfa_enrolment,omitempty"`
}

// PasswordChange is the body of PATCH /api/v1/user/password, both as SHA-1 in hex.
type PasswordChange struct {
	OldPassword *string `json:"old_password,omitempty"`
	NewPassword *string `json:"new_password,omitempty"`
}

// LogoutRequest is the body of POST /api/v1/logout, which may be left out.
type LogoutRequest struct {
	Everywhere bool `json:"everywhere,omitempty"` // every session of the user, and not only this one
}

// SwitchRequest is the body of POST /api/v1/authenticate/workspace.
type SwitchRequest struct {
	TargetOrganisation Optional[IDRef] `json:"target_organisation,omitzero"`
}
