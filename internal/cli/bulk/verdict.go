package bulk

// Outcome is what became of one SIM.
type Outcome string

// The outcomes. Of NotMoved and Unknown a resumed run makes another.
const (
	Moved    Outcome = "moved"
	There    Outcome = "already_there" // in the target, and not by this run
	Refused  Outcome = "refused"       // for its reasons
	NotMoved Outcome = "not_moved"     // nothing stands against it; it was not tried, or to no effect
	Unknown  Outcome = "unknown"       // sent, and neither the answer came nor could the SIM be read back
)

// Verdict is the last word on one SIM.
type Verdict struct {
	SIM
	Outcome Outcome  `json:"verdict"`
	Reasons []Reason `json:"reasons,omitempty"`
	Ledger  int64    `json:"migration,omitempty"` // id of the ledger entry, where the server has them
}

// Tally counts verdicts.
type Tally struct {
	Total    int `json:"total"`
	Moved    int `json:"moved"`
	There    int `json:"already_there"`
	Refused  int `json:"refused"`
	NotMoved int `json:"not_moved"`
	Unknown  int `json:"unknown"`
}

func count(verdicts []Verdict) Tally {
	t := Tally{Total: len(verdicts)}
	for _, v := range verdicts {
		switch v.Outcome {
		case Moved:
			t.Moved++
		case There:
			t.There++
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

// ExitCode is what the verdicts amount to: never 0 while anything is missing. against tells
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
