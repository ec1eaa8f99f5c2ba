package api

// MFARequest is the body of POST /api/v1/user/mfa.
type MFARequest struct {
	Type     Optional[IDRef] `json:"type,omitzero"`      // 0: time-based one-time passwords
	Password *string         `json:"password,omitempty"` // SHA-1 of the password, in hex
}

// MFAActivation is the body of PATCH /api/v1/user/mfa/{key_id}.
type MFAActivation struct {
	Status Optional[IDRef] `json:"status,omitzero"` // 1
	Code   *string         `json:"code,omitempty"`  // six digits
}

// MFAKey is a second factor of a user.
type MFAKey struct {
	ID           int64 `json:"id"`
	Status       Ref   `json:"status"`
	Type         Ref   `json:"type"`
	CreationDate Time  `json:"creation_date"`
}

// NewMFAKey is a second factor with its secret, which is shown only once.
type NewMFAKey struct {
	MFAKey
	SecretKey string `json:"secret_key"` // base32, to type
	OTPAuth   string `json:"otpauth"`    // a URL, to show as a QR code
}

// TrustedDevice is a device that needs no second factor.
type TrustedDevice struct {
	ID              int64  `json:"id"`
	Name            string `json:"name,omitempty"`
	OperatingSystem string `json:"operating_system,omitempty"`
	Browser         string `json:"browser,omitempty"`
	CreationDate    Time   `json:"creation_date"`
	ActivationDate  Time   `json:"activation_date"` // the same: a device is trusted from its creation
	ExpiryDate      Time   `json:"expiry_date"`
}
