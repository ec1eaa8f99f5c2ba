package api

// SIMRequestRequest is the body of POST /api/v1/migration_request.
type SIMRequestRequest struct {
	ICCIDs    []string         `json:"iccids"`
	ExpiresAt Optional[string] `json:"expires_at,omitzero"` // in two weeks if absent
	Reference Optional[string] `json:"reference,omitzero"`
	Reason    Optional[string] `json:"reason,omitzero"`
}

// SIMRequest is a request for SIMs as the Workspace that asks sees it.
type SIMRequest struct {
	ID         int64            `json:"id"`
	Status     string           `json:"status"`
	ICCIDCount int              `json:"iccid_count"`
	ICCIDs     []RequestedICCID `json:"iccids,omitempty"` // not in lists
	Reference  string           `json:"reference"`
	Reason     string           `json:"reason"`
	User       NamedRef         `json:"user"`
	CreatedAt  Time             `json:"created_at"`
	ExpiresAt  Time             `json:"expires_at"`
	EndedAt    *Time            `json:"ended_at"` // when it was withdrawn
}

// RequestedICCID is an ICCID of a request, and the offer that has it.
type RequestedICCID struct {
	ICCID         string `json:"iccid"`
	ICCIDWithLuhn string `json:"iccid_with_luhn"`
	Offer         *IDRef `json:"offer"`
}

// Inquiry is a request of another Workspace for SIMs of the caller's.
type Inquiry struct {
	ID              int64        `json:"id"` // of the request
	Status          string       `json:"status"`
	AskingWorkspace NamedRef     `json:"asking_workspace"`
	SIMCount        int          `json:"sim_count"` // when the request arrived
	SIMs            []InquirySIM `json:"sims,omitzero"`
	Reference       string       `json:"reference"`
	Reason          string       `json:"reason"`
	CreatedAt       Time         `json:"created_at"`
	ExpiresAt       Time         `json:"expires_at"`
	DecidedAt       *Time        `json:"decided_at"`
	DecidedBy       *NamedRef    `json:"decided_by,omitempty"`
	Offer           *IDRef       `json:"offer"` // that it became
}

// InquirySIM is a SIM of an inquiry that is still in the Workspace.
type InquirySIM struct {
	ID            int64  `json:"id"`
	ICCID         string `json:"iccid"`
	ICCIDWithLuhn string `json:"iccid_with_luhn"`
	Status        Ref    `json:"status"`
}

// InquiryOfferRequest is the body of POST /api/v1/migration_inquiry/{id}/offer.
type InquiryOfferRequest struct {
	SIMs               Optional[[]IDRef] `json:"sims,omitzero"`                 // all that are still there if absent
	DryRun             Optional[bool]    `json:"dry_run,omitzero"`              // true if absent
	AllowedSIMStatuses Optional[[]IDRef] `json:"allowed_sim_statuses,omitzero"` // any status if absent
	AutoDetachDevices  Optional[bool]    `json:"auto_detach_devices,omitzero"`  // false if absent
	ExpiresAt          Optional[string]  `json:"expires_at,omitzero"`           // in a week if absent
	Reference          Optional[string]  `json:"reference,omitzero"`
	Reason             Optional[string]  `json:"reason,omitzero"`
}
