package api

// Migration is an entry of the ledger: who moved what, when, with which options. A listing
// leaves SIMs out.
type Migration struct {
	ID                 int64           `json:"id"`
	Timestamp          Time            `json:"timestamp"`
	User               *NamedRef       `json:"user,omitempty"`
	AutoDetachDevices  bool            `json:"auto_detach_devices"`
	AllowedSIMStatuses []Ref           `json:"allowed_sim_statuses"` // null where not given
	SourceWorkspaces   []SourceCount   `json:"source_workspaces"`
	TargetWorkspace    NamedRef        `json:"target_workspace"`
	SIMCount           int             `json:"sim_count"`
	SIMs               []MigrationLine `json:"sims,omitempty"`
}

// SourceCount is how many SIMs a migration took out of one Workspace.
type SourceCount struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	SIMCount int    `json:"sim_count"`
}

// MigrationLine is one SIM of a ledger entry.
type MigrationLine struct {
	ID            int64     `json:"id"`
	ICCID         string    `json:"iccid"`
	ICCIDWithLuhn string    `json:"iccid_with_luhn"`
	Before        LineState `json:"before"`
	After         LineState `json:"after"`
}

// LineState is how a SIM stood on one side of the move.
type LineState struct {
	Workspace NamedRef  `json:"workspace"`
	Status    Ref       `json:"status"`
	Endpoint  *NamedRef `json:"endpoint,omitempty"`
}
