package api

// ApplicationTokenRequest is the body of POST /api/v1/application_token.
type ApplicationTokenRequest struct {
	Description *string     `json:"description,omitempty"`
	ExpiryDate  *ExpiryTime `json:"expiry_date,omitempty"` // never when absent
	IP          *string     `json:"ip,omitempty"`          // network or address that may use it; any if absent
}

// ApplicationTokenResponse contains a new token, which is shown only once.
type ApplicationTokenResponse struct {
	ApplicationToken string `json:"application_token"`
}

// ApplicationTokenPatch is the body of PATCH /api/v1/application_token/{id}.
type ApplicationTokenPatch struct {
	Description *string         `json:"description,omitempty"`
	Status      Optional[IDRef] `json:"status,omitzero"` // 0 Activated, 1 Revoked
}

// ApplicationToken is an application token in a listing.
type ApplicationToken struct {
	ID          int64     `json:"id"`
	Description string    `json:"description,omitempty"`
	Status      Ref       `json:"status"`
	Created     Time      `json:"created"`
	ExpiryDate  *Time     `json:"expiry_date,omitempty"`
	IP          string    `json:"ip,omitempty"`
	Creator     *NamedRef `json:"creator,omitempty"` // absent if the operator created it
}
