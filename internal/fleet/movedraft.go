package fleet

import "time"

// DraftID identifies a MoveDraft.
type DraftID int64

// MoveDraft is a move that a user prepares: the selection of a job, and the form with its options
// as the user has filled it in. It is kept so that nothing is lost when the session ends.
type MoveDraft struct {
	ID      DraftID
	Source  DraftSource
	Form    string // an encoded query
	Job     JobID  // the newest one that was planned from it, 0 for none
	Expires time.Time
}

// DraftSource is the origin of the selection of a draft.
type DraftSource struct {
	Kind   string       `json:"kind"`           // selection, file or paste
	Name   string       `json:"name,omitempty"` // of the file
	SIMs   int          `json:"sims"`           // how many SIMs it names
	Twice  int          `json:"twice,omitzero"` // ICCIDs that were there more than once
	Faults []DraftFault `json:"faults,omitempty"`
	Faulty int          `json:"faulty,omitzero"` // lines with faults, which may be more than Faults
	Back   string       `json:"back,omitempty"`  // the address of the list that SIMs were selected in
	Found  *DraftFound  `json:"found,omitempty"` // those that were found, nil if they were too many to look up
}

// DraftFound is what the SIMs of a draft were in the user's Workspace when they were chosen.
type DraftFound struct {
	Workspace string            `json:"workspace"` // its name
	SIMs      int               `json:"sims"`
	Statuses  map[SIMStatus]int `json:"statuses,omitempty"`
	Attached  int               `json:"attached"` // SIMs in a device, -1 if they were not counted
}

// DraftFault is a line that was not taken.
type DraftFault struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// MaxDraftFaults is how many faulty lines a draft keeps.
const MaxDraftFaults = 1000
