package api

// MigrationRequest is the body of POST /api/v1/sim/migration/workspace. Exactly one of SIMs,
// ICCIDs and ICCIDRange must be set; null counts as absent.
type MigrationRequest struct {
	TargetWorkspace    Optional[IDRef]      `json:"target_workspace,omitzero"`
	SIMs               Optional[[]IDRef]    `json:"sims,omitzero"`
	ICCIDs             Optional[[]string]   `json:"iccids,omitzero"`
	ICCIDRange         Optional[ICCIDRange] `json:"iccid_range,omitzero"`
	AllowedSIMStatuses Optional[[]IDRef]    `json:"allowed_sim_statuses,omitzero"`
	DryRun             Optional[bool]       `json:"dry_run,omitzero"`             // true if absent
	AutoDetachDevices  Optional[bool]       `json:"auto_detach_devices,omitzero"` // false if absent
	Reference          Optional[string]     `json:"reference,omitzero"`           // of Simferry, like Reason: other servers refuse it
	Reason             Optional[string]     `json:"reason,omitzero"`
}

// ICCIDRange is every number from Start to End, both included, 19 digits each.
type ICCIDRange struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// MigrationResponse describes what a migration would do (dry run) or did. Statuses, devices and
// source Workspaces are those before the move, in both cases.
type MigrationResponse struct {
	SIMCount           int            `json:"sim_count"`
	DryRun             bool           `json:"dry_run"`
	TargetWorkspace    NamedRef       `json:"target_workspace"`
	AutoDetachDevices  bool           `json:"auto_detach_devices"`
	AllowedSIMStatuses []Ref          `json:"allowed_sim_statuses"` // null if not given
	Warnings           []RuleWarning  `json:"warnings,omitempty"`   // of rules that do not refuse; of Simferry
	SIMs               []MigrationSIM `json:"sims"`                 // in the request's order, ranges ascending
}

// MigrationSIM is one SIM of a migration, or of a conflict, as it is before the move.
type MigrationSIM struct {
	ID              int64     `json:"id"`
	ICCID           string    `json:"iccid"`
	ICCIDWithLuhn   string    `json:"iccid_with_luhn"`
	Status          Ref       `json:"status"`
	Endpoint        *NamedRef `json:"endpoint,omitempty"`
	SourceWorkspace NamedRef  `json:"source_workspace"`
}
