package api

// SIMHistory is where a SIM has been.
type SIMHistory struct {
	ID            int64  `json:"id"`
	ICCID         string `json:"iccid"`
	ICCIDWithLuhn string `json:"iccid_with_luhn"`
	Stays         []Stay `json:"stays"` // the oldest first
}

// Stay is the time that a SIM spent in one Workspace.
type Stay struct {
	Workspace *NamedRef `json:"workspace"`           // null for a Workspace that the caller is not a member of
	From      *Time     `json:"from"`                // null if the SIM was imported into the Workspace
	Until     *Time     `json:"until"`               // null if the SIM is still there
	Migration *IDRef    `json:"migration,omitempty"` // by which the SIM came, if the caller may see it
	Authority string    `json:"authority,omitempty"` // by which it entered the Workspace
}
