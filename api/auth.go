package api

// AuthRequest is the body of POST /api/v1/authenticate. The properties that are present select
// the mode: an application token, a user name with its password, the code of a second factor
// with the mfa_token that asked for it, or a refresh token.
type AuthRequest struct {
	ApplicationToken *string                 `json:"application_token,omitempty"`
	Username         *string                 `json:"username,omitempty"`
	Password         *string                 `json:"password,omitempty"`    // SHA-1 of the password, in hex
	Fingerprint      *string                 `json:"fingerprint,omitempty"` // of a device that may be trusted
	MFAToken         *string                 `json:"mfa_token,omitempty"`
	Code             *string                 `json:"code,omitempty"` // six digits
	TrustedDevice    Optional[DeviceToTrust] `json:"trusted_device,omitzero"`
	RefreshToken     *string                 `json:"refresh_token,omitempty"`
	DeviceCode       *string                 `json:"device_code,omitempty"` // of DeviceAuthorization
}

// DeviceAuthorization starts the sign-in of a terminal, which a user approves in the console (RFC
// 8628). The terminal shows UserCode and VerificationURI, and sends DeviceCode every Interval
// seconds.
type DeviceAuthorization struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	ExpiresIn       int    `json:"expires_in"` // seconds
	Interval        int    `json:"interval"`   // seconds
}

// DeviceToTrust is a device that needs no second factor for 90 days. It sends its fingerprint,
// a random text that is stored on the device, with each sign-in.
type DeviceToTrust struct {
	Fingerprint     string `json:"fingerprint"`
	OperatingSystem string `json:"operating_system,omitempty"`
	Browser         string `json:"browser,omitempty"`
	Name            string `json:"name,omitempty"`
}

// AuthResponse contains the tokens. RefreshToken is "" for an application token and for a
// switch of Workspace. If a second factor is required, only MFAToken is set.
type AuthResponse struct {
	AuthToken    string `json:"auth_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	MFAToken     string `json:"mfa_token,omitempty"`
	// MFAEnrolment is true if AuthToken is valid only for adding a second factor.
	MFAEnrolment bool `json:"mfa_enrolment,omitempty"`
	// AuthorizationPending is true, alone, while no user has decided about a device_code.
	AuthorizationPending bool `json:"authorization_pending,omitempty"`
}

// PasswordChange is the body of PATCH /api/v1/user/password. Both passwords are SHA-1 in hex.
type PasswordChange struct {
	OldPassword *string `json:"old_password,omitempty"`
	NewPassword *string `json:"new_password,omitempty"`
}

// LogoutRequest is the body of POST /api/v1/logout, which is optional.
type LogoutRequest struct {
	Everywhere bool `json:"everywhere,omitempty"` // every session of the user, not only this one
}

// SwitchRequest is the body of POST /api/v1/authenticate/workspace.
type SwitchRequest struct {
	TargetOrganisation Optional[IDRef] `json:"target_organisation,omitzero"`
}
