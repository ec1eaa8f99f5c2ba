package api

// JobRequest is the body of POST /api/v1/migration_job. The options of a CSV upload are the query
// parameters with the same names.
type JobRequest struct {
	TargetWorkspace    *IDRef            `json:"target_workspace"`
	Select             *JobSelect        `json:"select"`
	DryRun             Optional[bool]    `json:"dry_run,omitzero"`              // true if absent
	AllowedSIMStatuses Optional[[]IDRef] `json:"allowed_sim_statuses,omitzero"` // any status if absent
	AutoDetachDevices  Optional[bool]    `json:"auto_detach_devices,omitzero"`  // false if absent
	OnConflict         Optional[string]  `json:"on_conflict,omitzero"`          // stop (if absent) or skip
	NotBefore          Optional[string]  `json:"not_before,omitzero"`
	NotAfter           Optional[string]  `json:"not_after,omitzero"`
	Windows            []JobWindow       `json:"windows,omitempty"`
	Waves              []JobWave         `json:"waves,omitempty"`
	Gate               *JobGate          `json:"gate,omitempty"`
	Landing            *JobLanding       `json:"landing,omitempty"`
	Reference          Optional[string]  `json:"reference,omitzero"`
	Reason             Optional[string]  `json:"reason,omitzero"`
}

// SIMStatusJobRequest is the body of POST /api/v1/sim_status_job.
type SIMStatusJobRequest struct {
	Status     *IDRef           `json:"status"` // 1 (Activated) or 2 (Suspended)
	Select     *JobSelect       `json:"select"`
	DryRun     Optional[bool]   `json:"dry_run,omitzero"`
	OnConflict Optional[string] `json:"on_conflict,omitzero"`
	NotBefore  Optional[string] `json:"not_before,omitzero"`
	NotAfter   Optional[string] `json:"not_after,omitzero"`
	Windows    []JobWindow      `json:"windows,omitempty"`
	Waves      []JobWave        `json:"waves,omitempty"`
	Gate       *JobGate         `json:"gate,omitempty"`
	Reference  Optional[string] `json:"reference,omitzero"`
	Reason     Optional[string] `json:"reason,omitzero"`
}

// JobSelect selects the SIMs of a job: all that one of its properties names.
type JobSelect struct {
	SIMs        []IDRef      `json:"sims,omitempty"`
	ICCIDs      []string     `json:"iccids,omitempty"`
	ICCIDRanges []ICCIDRange `json:"iccid_ranges,omitempty"`
	Filter      *JobFilter   `json:"filter,omitempty"`
	FailedOf    *IDRef       `json:"failed_of,omitempty"` // the SIMs of another job that were not moved
	DoneBy      *IDRef       `json:"done_by,omitempty"`   // the SIMs of another job that were changed
	Except      []IDRef      `json:"except,omitempty"`    // SIMs that are left out, at most 500

	ExceptICCIDs      []string     `json:"except_iccids,omitempty"`       // likewise, at most 500
	ExceptICCIDRanges []ICCIDRange `json:"except_iccid_ranges,omitempty"` // likewise, at most 100
}

// JobFilter selects the SIMs of a Workspace that a list of SIMs with this q shows.
type JobFilter struct {
	Workspace *IDRef `json:"workspace"`
	Q         string `json:"q,omitempty"`
}

// JobWindow is a time of the week in which chunks of a job may begin.
type JobWindow struct {
	Days     []string `json:"days,omitempty"` // mon to sun; every day if absent
	From     string   `json:"from"`           // as in 22:00
	To       string   `json:"to"`
	TimeZone string   `json:"time_zone,omitempty"` // UTC if absent
}

// JobWave is a part of a job. Exactly one of SIMs and Percent is set.
type JobWave struct {
	SIMs         int    `json:"sims,omitempty"`
	Percent      int    `json:"percent,omitempty"` // of all SIMs, that are done when it ends
	PauseSeconds int    `json:"pause_seconds,omitempty"`
	Then         string `json:"then,omitempty"` // continue (if absent) or pause
}

// JobGate is checked after each wave.
type JobGate struct {
	MaxRefusedPercent int    `json:"max_refused_percent"`
	MinSIMs           int    `json:"min_sims,omitempty"`
	URL               string `json:"url,omitempty"`
}

// JobLanding sets the status of Activated SIMs in the target.
type JobLanding struct {
	Status string `json:"status"` // contract (Suspended) or activate
}

// JobRetryRequest is the body of POST .../retry. Every property is optional.
type JobRetryRequest struct {
	DryRun     Optional[bool]   `json:"dry_run,omitzero"`     // true if absent
	OnConflict Optional[string] `json:"on_conflict,omitzero"` // that of the job if absent
	Reference  Optional[string] `json:"reference,omitzero"`
	Reason     Optional[string] `json:"reason,omitzero"`
}

// JobUndoRequest is the body of POST .../undo. Every property is optional.
type JobUndoRequest struct {
	DryRun            Optional[bool]   `json:"dry_run,omitzero"`             // true if absent
	OnConflict        Optional[string] `json:"on_conflict,omitzero"`         // stop if absent
	RestoreStatus     Optional[bool]   `json:"restore_status,omitzero"`      // true if absent
	RestoreDevices    Optional[bool]   `json:"restore_devices,omitzero"`     // true if absent
	AutoDetachDevices Optional[bool]   `json:"auto_detach_devices,omitzero"` // false if absent
	Reference         Optional[string] `json:"reference,omitzero"`
	Reason            Optional[string] `json:"reason,omitzero"`
}

// Job is a job as its readers see it. Counts and sources are those of the reader's Workspaces.
type Job struct {
	ID                 int64       `json:"id"`
	Kind               string      `json:"kind"` // migration, sim_status or undo
	State              string      `json:"state"`
	StatusDetails      JobDetails  `json:"status_details"`
	DryRun             bool        `json:"dry_run"`
	User               NamedRef    `json:"user"`
	TargetWorkspace    *NamedRef   `json:"target_workspace"`
	SourceWorkspaces   []NamedRef  `json:"source_workspaces"`
	Status             *Ref        `json:"status,omitempty"` // of a sim_status job
	SIMCount           int         `json:"sim_count"`
	Counts             []JobCount  `json:"counts"`
	AllowedSIMStatuses []Ref       `json:"allowed_sim_statuses,omitempty"`
	AutoDetachDevices  bool        `json:"auto_detach_devices"`
	OnConflict         string      `json:"on_conflict"`
	Landing            *JobLanding `json:"landing,omitempty"`
	RestoreStatus      *bool       `json:"restore_status,omitempty"` // of an undo
	RestoreDevices     *bool       `json:"restore_devices,omitempty"`
	NotBefore          *Time       `json:"not_before,omitempty"`
	NotAfter           *Time       `json:"not_after,omitempty"`
	Windows            []JobWindow `json:"windows,omitempty"`
	Waves              []JobWave   `json:"waves,omitempty"`
	Wave               int         `json:"wave,omitempty"` // how many have ended
	Gate               *JobGate    `json:"gate,omitempty"`
	Reference          string      `json:"reference,omitempty"`
	Reason             string      `json:"reason,omitempty"`
	Retries            *IDRef      `json:"retries,omitempty"` // the job whose failed SIMs this one takes
	Undoes             *IDRef      `json:"undoes,omitempty"`  // the job that this one undoes
	CreatedAt          Time        `json:"created_at"`
	PlannedAt          *Time       `json:"planned_at,omitempty"`
	StartedAt          *Time       `json:"started_at,omitempty"`
	EndedAt            *Time       `json:"ended_at,omitempty"`
	ExpiresAt          *Time       `json:"expires_at,omitempty"` // of a plan that is not started
}

// JobDetails says since when a job is in its state, by which user and why.
type JobDetails struct {
	State      string    `json:"state"`
	At         Time      `json:"at"`
	User       *NamedRef `json:"user,omitempty"`
	Why        string    `json:"why,omitempty"`
	WaitingFor string    `json:"waiting_for,omitempty"` // start_time, window, wave, gate, approval or other_job
	Until      *Time     `json:"until,omitempty"`
	Wave       int       `json:"wave,omitempty"`

	Approval *JobApproval  `json:"approval,omitempty"` // that rules require
	Warnings []RuleWarning `json:"warnings,omitempty"` // rules that do not refuse
}

// JobApproval is the approval that rules require for a job.
type JobApproval struct {
	Approvers int                `json:"approvers"` // how many Administrators of each source must approve
	Rules     []RuleWarning      `json:"rules"`
	Given     []JobApprovalGiven `json:"given"`
}

// JobApprovalGiven is an approval by an Administrator.
type JobApprovalGiven struct {
	User NamedRef `json:"user"`
	At   Time     `json:"at"`
}

// JobCount is how many SIMs have a verdict.
type JobCount struct {
	Verdict string `json:"verdict"`
	Count   int    `json:"count"`
}

// JobSIM is a SIM of a job with its verdict.
type JobSIM struct {
	ID              int64          `json:"id,omitempty"` // 0 for an identifier without a SIM
	ICCID           string         `json:"iccid,omitempty"`
	ICCIDWithLuhn   string         `json:"iccid_with_luhn,omitempty"`
	Identifier      string         `json:"identifier,omitempty"` // as selected, if there is no SIM
	Row             int            `json:"row,omitempty"`        // of the uploaded file
	Verdict         string         `json:"verdict"`
	Errors          []JobSIMReason `json:"errors,omitempty"`
	SourceWorkspace *NamedRef      `json:"source_workspace,omitempty"`
	Migration       *IDRef         `json:"migration,omitempty"` // the ledger entry that changed it
}

// JobSIMReason is why a SIM was refused.
type JobSIMReason struct {
	ErrorCode int    `json:"error_code"`
	Message   string `json:"message"`
}
