package api

// MigrationConflict is the body of a 409 of the migration rules: all reasons, each with all
// SIMs that it concerns.
type MigrationConflict struct {
	StatusCode int              `json:"status_code"` // 409
	Message    string           `json:"message"`
	Errors     []ConflictReason `json:"errors"`
}

// ConflictReason is one rule that the migration breaks: 1502 to 1509, 1510 to 1512 of an
// undo, 1515, 1516, and 1519 to 1599 of rules that are data. SIMs is empty if the reason is the
// target Workspace itself.
type ConflictReason struct {
	ErrorCode int            `json:"error_code"`
	Message   string         `json:"message"`
	SIMs      []MigrationSIM `json:"sims"`
	Rule      *RuleRef       `json:"rule,omitempty"` // unless the code is one of 1502 to 1518 without 1515
	// Details has one for each of SIMs if the reason is 1510, 1511 or 1512.
	Details []ConflictDetail `json:"details,omitempty"`
}

// MigrationStale is the body of a 412: what has changed since the preview that If-Match
// names.
type MigrationStale struct {
	ErrorCode  int        `json:"error_code"`
	ErrorToken string     `json:"error_token"`
	Message    string     `json:"message"`
	SIMs       []StaleSIM `json:"sims"`
}

// StaleSIM is a SIM that has changed since the preview. If it is no longer found, only the
// identifier from the request is set. Changes is empty for a SIM that changed and changed back.
type StaleSIM struct {
	ID            int64         `json:"id,omitempty"`
	ICCID         string        `json:"iccid,omitempty"`
	ICCIDWithLuhn string        `json:"iccid_with_luhn,omitempty"`
	Changes       []StaleChange `json:"changes"`
}

// The properties that a StaleChange can name. ChangedSIM reports whether the SIM could be
// found: Was and Now are 1, "found", or 0, "not found".
const (
	ChangedWorkspace = "workspace"
	ChangedStatus    = "status"
	ChangedDevice    = "device"
	ChangedSIM       = "sim"
)

// StaleChange is one difference. Was and Now are null without a device.
type StaleChange struct {
	Property string      `json:"property"`
	Was      *StaleValue `json:"was"`
	Now      *StaleValue `json:"now"`
}

// StaleValue is a reference of either kind: a status has a description, a Workspace and a
// device have a name.
type StaleValue struct {
	ID          int64  `json:"id"`
	Description string `json:"description,omitempty"`
	Name        string `json:"name,omitempty"`
}
