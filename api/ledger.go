package api

// Migration is an entry of the ledger: who moved which SIMs, when and with which options.
// Listings omit SIMs.
type Migration struct {
	ID                 int64           `json:"id"`
	Timestamp          Time            `json:"timestamp"`
	User               *NamedRef       `json:"user,omitempty"`
	AutoDetachDevices  bool            `json:"auto_detach_devices"`
	AllowedSIMStatuses []Ref           `json:"allowed_sim_statuses"` // null if not given
	SourceWorkspaces   []SourceCount   `json:"source_workspaces"`
	TargetWorkspace    NamedRef        `json:"target_workspace"`
	SIMCount           int             `json:"sim_count"`
	TargetAuthority    string          `json:"target_authority,omitempty"` // by which the SIMs entered the target; "" if unknown
	Reference          string          `json:"reference,omitempty"`
	Reason             string          `json:"reason,omitempty"`
	RuleSet            int64           `json:"rule_set,omitempty"` // the version of the rules that decided it; 0 if unknown
	Job                *IDRef          `json:"job,omitempty"`      // that wrote the entry, if the caller may see it
	Undoes             *IDRef          `json:"undoes,omitempty"`   // of an undo, with the two below
	RestoreStatus      *bool           `json:"restore_status,omitempty"`
	RestoreDevices     *bool           `json:"restore_devices,omitempty"`
	UndoneBy           []UndoCount     `json:"undone_by,omitempty"` // the oldest first
	SIMs               []MigrationLine `json:"sims,omitempty"`
}

// SourceCount is the number of SIMs that a migration took out of one Workspace.
type SourceCount struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	SIMCount  int    `json:"sim_count"`
	Authority string `json:"authority,omitempty"` // by which they left; "" if unknown
}

// MigrationLine is one SIM of a ledger entry.
type MigrationLine struct {
	ID            int64     `json:"id"`
	ICCID         string    `json:"iccid"`
	ICCIDWithLuhn string    `json:"iccid_with_luhn"`
	Before        LineState `json:"before"`
	After         LineState `json:"after"`
}

// LineState is the state of a SIM before or after the move.
type LineState struct {
	Workspace NamedRef  `json:"workspace"`
	Status    Ref       `json:"status"`
	Endpoint  *NamedRef `json:"endpoint,omitempty"`
}
