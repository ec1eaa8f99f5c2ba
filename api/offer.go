package api

// ReceivingCodeRequest is the body of POST /api/v1/receiving_code.
type ReceivingCodeRequest struct {
	Description    Optional[string] `json:"description,omitzero"`
	SingleUse      Optional[bool]   `json:"single_use,omitzero"` // true if absent
	MaxSIMs        Optional[int]    `json:"max_sims,omitzero"`   // of all its offers; any number if absent
	ExpectedSender *IDRef           `json:"expected_sender,omitempty"`
	ExpiresAt      Optional[string] `json:"expires_at,omitzero"` // in a week if absent
}

// ReceivingCode is a code with which others offer SIMs to a Workspace.
type ReceivingCode struct {
	ID             int64    `json:"id"`
	Code           string   `json:"receiving_code,omitempty"` // only in the response that makes it
	Description    string   `json:"description"`
	Status         string   `json:"status"`
	SingleUse      bool     `json:"single_use"`
	MaxSIMs        *int     `json:"max_sims"`
	ExpectedSender *IDRef   `json:"expected_sender"`
	User           NamedRef `json:"user"`
	CreatedAt      Time     `json:"created_at"`
	ExpiresAt      Time     `json:"expires_at"`
	RevokedAt      *Time    `json:"revoked_at"`
	OfferCount     int      `json:"offer_count"`
	SIMCount       int      `json:"sim_count"`
}

// OfferRequest is the body of POST /api/v1/migration_offer.
type OfferRequest struct {
	Code               Optional[string]  `json:"receiving_code"`
	Select             *OfferSelect      `json:"select"`
	DryRun             Optional[bool]    `json:"dry_run,omitzero"`              // true if absent
	AllowedSIMStatuses Optional[[]IDRef] `json:"allowed_sim_statuses,omitzero"` // any status if absent
	AutoDetachDevices  Optional[bool]    `json:"auto_detach_devices,omitzero"`  // false if absent
	ExpiresAt          Optional[string]  `json:"expires_at,omitzero"`           // in a week if absent
	Reference          Optional[string]  `json:"reference,omitzero"`
	Reason             Optional[string]  `json:"reason,omitzero"`
}

// OfferSelect selects the SIMs of an offer: all that one of its properties names.
type OfferSelect struct {
	SIMs        []IDRef      `json:"sims,omitempty"`
	ICCIDs      []string     `json:"iccids,omitempty"`
	ICCIDRanges []ICCIDRange `json:"iccid_ranges,omitempty"`
	Filter      *JobFilter   `json:"filter,omitempty"`
}

// Offer is an offer of SIMs as one of its sides sees it.
type Offer struct {
	ID                 int64     `json:"id,omitempty"` // none in a dry run
	Direction          string    `json:"direction"`
	Status             string    `json:"status"`
	SourceWorkspace    NamedRef  `json:"source_workspace"`
	TargetWorkspace    NamedRef  `json:"target_workspace"`
	SIMCount           int       `json:"sim_count"`
	Accepted           int       `json:"accepted_count"`
	Refused            int       `json:"refused_count"`
	Gone               int       `json:"gone_count"`
	AllowedSIMStatuses []Ref     `json:"allowed_sim_statuses"`
	AutoDetachDevices  *bool     `json:"auto_detach_devices,omitempty"` // for the giver
	Reference          string    `json:"reference"`
	Reason             string    `json:"reason"`
	User               *NamedRef `json:"user,omitempty"` // who made it; only in responses to the giver
	ReceivingCode      *IDRef    `json:"receiving_code,omitempty"`
	CreatedAt          Time      `json:"created_at"`
	ExpiresAt          Time      `json:"expires_at"`
	DecidedAt          *Time     `json:"decided_at"`
	DecidedBy          *NamedRef `json:"decided_by,omitempty"` // for their own side
	EndedAt            *Time     `json:"ended_at"`
	Migration          *IDRef    `json:"migration,omitempty"`
	Job                *IDRef    `json:"job,omitempty"` // for the receiver
}

// OfferSIM is a SIM of an offer: the facts that cross.
type OfferSIM struct {
	ID            int64  `json:"id"`
	ICCID         string `json:"iccid"`
	ICCIDWithLuhn string `json:"iccid_with_luhn"`
	Status        Ref    `json:"status"`
	Model         *Ref   `json:"model"`
	State         string `json:"state"`
	Reason        string `json:"reason,omitempty"`
}

// OfferResponse is the response of POST /api/v1/migration_offer.
type OfferResponse struct {
	Offer
	DryRun  bool       `json:"dry_run"`
	Crosses []string   `json:"crosses"` // the facts of each SIM that the receiver sees
	Stays   []string   `json:"stays"`   // what the receiver does not see
	SIMs    []OfferSIM `json:"sims"`    // the first of them
}

// OfferAcceptRequest is the body of POST /api/v1/migration_offer/{id}/accept.
type OfferAcceptRequest struct {
	SIMs    Optional[[]IDRef] `json:"sims,omitzero"` // all that are not refused if absent
	Refuse  []OfferRefusal    `json:"refuse,omitempty"`
	DryRun  Optional[bool]    `json:"dry_run,omitzero"` // true if absent
	Landing *JobLanding       `json:"landing,omitempty"`
}

// OfferRefusal is a SIM that the receiver does not take.
type OfferRefusal struct {
	ID     *ID    `json:"id"`
	Reason string `json:"reason,omitempty"`
}

// OfferRefuseRequest is the body of POST /api/v1/migration_offer/{id}/refuse.
type OfferRefuseRequest struct {
	Reason Optional[string] `json:"reason,omitzero"`
}

// OfferAcceptResponse is the response of POST /api/v1/migration_offer/{id}/accept.
type OfferAcceptResponse struct {
	DryRun       bool              `json:"dry_run"`
	Offer        Offer             `json:"offer"`
	SIMCount     int               `json:"sim_count"` // that are accepted
	RefusedCount int               `json:"refused_count"`
	GoneCount    int               `json:"gone_count"`
	SIMs         []OfferAcceptance `json:"sims"` // that are accepted, the first of them
}

// OfferAcceptance is an accepted SIM, and what becomes of it.
type OfferAcceptance struct {
	ID            int64  `json:"id"`
	ICCID         string `json:"iccid"`
	ICCIDWithLuhn string `json:"iccid_with_luhn"`
	Status        Ref    `json:"status"`
	StatusAfter   Ref    `json:"status_after"`
}
