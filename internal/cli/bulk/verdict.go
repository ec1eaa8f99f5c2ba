package bulk

// Outcome is the result for one SIM.
type Outcome string

// The outcomes. A resumed run changes NotMoved and Unknown.
const (
	Moved        Outcome = "moved"
	AlreadyThere Outcome = "already_there" // in the target, but not moved by this run
	Refused      Outcome = "refused"       // for its reasons
	NotMoved     Outcome = "not_moved"     // nothing is known against it; it was not tried, or without effect
	Unknown      Outcome = "unknown"       // sent; there was no reply, and the SIM could not be read back
)

// Verdict is the final outcome of one SIM.
type Verdict struct {
	SIM
	Outcome Outcome  `json:"verdict"`
	Reasons []Reason `json:"reasons,omitempty"`
	Ledger  int64    `json:"migration,omitempty"` // id of the ledger entry, if the server has one
}

// Tally counts verdicts.
type Tally struct {
	Total        int `json:"total"`
	Moved        int `json:"moved"`
	AlreadyThere int `json:"already_there"`
	Refused      int `json:"refused"`
	NotMoved     int `json:"not_moved"`
	Unknown      int `json:"unknown"`
}

// Count counts verdicts.
func Count(verdicts []Verdict) Tally {
	t := Tally{Total: len(verdicts)}
	for _, v := range verdicts {
		switch v.Outcome {
		case Moved:
			t.Moved++
		case AlreadyThere:
			t.AlreadyThere++
		case Refused:
			t.Refused++
		case NotMoved:
			t.NotMoved++
		case Unknown:
			t.Unknown++
		}
	}
	return t
}

// The exit codes of a run.
const (
	ExitDone    = 0 // every SIM is in the target
	ExitError   = 1
	ExitRefused = 3 // conflicts, and nothing has moved
	ExitPartly  = 4 // some have moved, some not
)

// ExitCode returns the exit code for the verdicts: never 0 while a SIM is missing. against says
// that the target itself was refused.
func (t Tally) ExitCode(against bool) int {
	missing := t.Refused + t.NotMoved + t.Unknown
	switch {
	case missing == 0 && !against:
		return ExitDone
	case t.Moved > 0:
		return ExitPartly
	case t.Unknown == 0 && (t.Refused > 0 || against):
		return ExitRefused
	}
	return ExitError
}
