package bulk

import (
	"fmt"
	"slices"
	"time"
)

// Step is the kind of a journal entry.
type Step string

// The steps. Each but Sent follows a Sent of its chunk, or a preview in place of it.
const (
	StepSent     Step = "sent"    // the chunk is being sent: until the next step its outcome is unknown
	StepMoved    Step = "moved"   // the rest of the chunk is in the target
	StepNotMoved Step = "stayed"  // none of it has moved
	StepDropped  Step = "dropped" // the named SIMs leave the chunk, each with its reasons; the others stayed
	StepFound    Step = "found"   // the named SIMs leave the chunk, being in the target already; the others stayed
	StepRetry    Step = "again"   // the named SIMs, which were dropped, become a new chunk and are tried again
)

// Entry is one line of a journal.
type Entry struct {
	At       time.Time          `json:"at"`
	Step     Step               `json:"step"`
	Chunk    int                `json:"chunk"`
	Key      string             `json:"key,omitempty"`       // of Sent
	Ledger   int64              `json:"migration,omitempty"` // of Arrived
	ReadBack bool               `json:"settled,omitempty"`   // learned by reading back, not from a reply
	SIMs     []int64            `json:"sims,omitempty"`
	Reasons  map[int64][]Reason `json:"reasons,omitempty"`
}

// State is what is known of each SIM of a plan: the plan with a journal's entries applied.
type State struct {
	plan         *Plan
	chunks       []chunkState // those of the plan, then those that are tried again
	dropped      map[int64][]Reason
	alreadyThere map[int64]bool
	retries      map[int64]int // the chunk in which a SIM is tried again
}

type chunkState struct {
	remaining  []SIM
	etag       string // "" if the chunk has changed since its preview
	unknown    bool   // sent, without a reply
	wasUnknown bool   // was in doubt before
	moved      bool
	ledger     int64
	tries      int // of this process

	contradictions int // how often the server refused a tag and named no change
}

// NewState returns the state of a plan of which nothing has been sent.
func NewState(p *Plan) *State {
	s := &State{plan: p, chunks: make([]chunkState, len(p.Chunks)), dropped: make(map[int64][]Reason), alreadyThere: make(map[int64]bool), retries: make(map[int64]int)}
	for i, c := range p.Chunks {
		s.chunks[i] = chunkState{remaining: c.SIMs, etag: c.ETag}
	}
	return s
}

// Apply applies one entry. It fails if no run of this plan can have written the entry.
func (s *State) Apply(e Entry) error {
	if e.Step == StepRetry {
		return s.retry(e)
	}
	if e.Chunk < 0 || e.Chunk >= len(s.chunks) {
		return fmt.Errorf("chunk %d of %d", e.Chunk, len(s.chunks))
	}
	c := &s.chunks[e.Chunk]
	if c.moved || len(c.remaining) == 0 {
		return fmt.Errorf("%s of chunk %d, which is already complete", e.Step, e.Chunk)
	}
	switch e.Step {
	case StepSent:
		c.wasUnknown = c.wasUnknown || c.unknown
		c.unknown = true
	case StepMoved:
		c.unknown, c.moved, c.ledger = false, true, e.Ledger
	case StepNotMoved:
		c.recordNotMoved(e.ReadBack)
	case StepDropped:
		for id, why := range e.Reasons {
			s.dropped[id] = why
		}
		c.remove(func(id int64) bool { return e.Reasons[id] != nil })
	case StepFound:
		for _, id := range e.SIMs {
			s.alreadyThere[id] = true
		}
		c.remove(func(id int64) bool { return slices.Contains(e.SIMs, id) })
	default:
		return fmt.Errorf("unknown step %q", e.Step)
	}
	return nil
}

// retry puts dropped SIMs into a new chunk.
func (s *State) retry(e Entry) error {
	if e.Chunk != len(s.chunks) || len(e.SIMs) == 0 || len(e.SIMs) > MaxChunk {
		return fmt.Errorf("chunk %d of %d SIMs cannot be retried", e.Chunk, len(e.SIMs))
	}
	var left []SIM
	for _, sim := range s.refused() {
		if slices.Contains(e.SIMs, sim.ID) {
			left = append(left, sim)
		}
	}
	if len(left) != len(e.SIMs) {
		return fmt.Errorf("%d SIMs are retried that were not refused", len(e.SIMs)-len(left))
	}
	for _, sim := range left {
		delete(s.dropped, sim.ID)
		s.retries[sim.ID] = e.Chunk
	}
	s.chunks = append(s.chunks, chunkState{remaining: left})
	return nil
}

// refused returns the SIMs that were dropped from their chunks, in the order of the plan.
func (s *State) refused() (sims []SIM) {
	for _, c := range s.plan.Chunks {
		for _, sim := range c.SIMs {
			if s.dropped[sim.ID] != nil {
				sims = append(sims, sim)
			}
		}
	}
	return sims
}

// Refused counts the SIMs that were planned and then refused. Another run may move them once
// the cause is removed.
func (s *State) Refused() int { return len(s.dropped) }

// recordNotMoved records that nothing has moved. After a doubt the chunk is previewed again before
// it is sent.
func (c *chunkState) recordNotMoved(settled bool) {
	c.unknown = false
	if settled {
		c.wasUnknown, c.etag = true, ""
	}
}

func (c *chunkState) remove(goes func(id int64) bool) {
	c.unknown, c.etag = false, ""
	c.remaining = slices.DeleteFunc(slices.Clone(c.remaining), func(s SIM) bool { return goes(s.ID) })
}

// done reports whether a chunk needs no more work.
func (c *chunkState) done() bool { return c.moved || len(c.remaining) == 0 }

// Done reports whether no chunk needs more work.
func (s *State) Done() bool {
	return !slices.ContainsFunc(s.chunks, func(c chunkState) bool { return !c.done() })
}

// Verdicts returns what is known of every SIM, in the order of the plan: first those that were
// to move, then those already in the target, then those held back.
func (s *State) Verdicts() []Verdict {
	all := make([]Verdict, 0, s.plan.Total())
	for i, c := range s.plan.Chunks {
		for _, sim := range c.SIMs {
			at := i
			if again, ok := s.retries[sim.ID]; ok {
				at = again
			}
			all = append(all, s.verdict(&s.chunks[at], sim))
		}
	}
	for _, sim := range s.plan.AlreadyThere {
		all = append(all, Verdict{SIM: sim, Outcome: AlreadyThere})
	}
	for _, h := range s.plan.Blocked {
		all = append(all, Verdict{SIM: h.SIM, Outcome: Refused, Reasons: h.Reasons})
	}
	return all
}

func (s *State) verdict(c *chunkState, sim SIM) Verdict {
	switch why := s.dropped[sim.ID]; {
	case why != nil:
		return Verdict{SIM: sim, Outcome: Refused, Reasons: why}
	case s.alreadyThere[sim.ID]:
		return Verdict{SIM: sim, Outcome: AlreadyThere}
	case c.moved:
		return Verdict{SIM: sim, Outcome: Moved, Ledger: c.ledger}
	case c.unknown:
		return Verdict{SIM: sim, Outcome: Unknown}
	}
	return Verdict{SIM: sim, Outcome: NotMoved}
}

// Tally counts the verdicts.
func (s *State) Tally() Tally { return Count(s.Verdicts()) }

// ExitCode returns the run's exit code so far.
func (s *State) ExitCode() int { return s.Tally().ExitCode(len(s.plan.TargetReasons) > 0) }
