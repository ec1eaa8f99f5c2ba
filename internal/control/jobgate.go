package control

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// Gates asks the URLs of gates, which users name.
type Gates interface {
	// Allowed returns an error if the URL is never asked. The user sees its message.
	Allowed(url string) error
	// State asks a URL for at most a few seconds; why says what it responded.
	State(ctx context.Context, url string) (state fleet.GateState, why string)
}

// checkGate refuses a gate whose URL is never asked.
func (c *Control) checkGate(g *fleet.JobGate) error {
	if g == nil || g.URL == "" {
		return nil
	}
	if c.gates == nil {
		return fleet.Invalid("gate.url", "this server asks no URLs: leave it out")
	}
	if err := c.gates.Allowed(g.URL); err != nil {
		return fleet.Invalid("gate.url", "%v", err)
	}
	return nil
}

// gateAnswer is what the URL of a gate responded. It is asked between two transactions.
type gateAnswer struct {
	state fleet.GateState
	why   string
}

// ask notes that the URL of the gate has to be asked, or does what it responded.
func (s *jobStep) ask(tx *store.Tx, j *fleet.Job) {
	if s.expired(tx, j) {
		return
	}
	if s.answer == nil {
		s.gate = j.Options.Gate.URL
		return
	}
	d := fleet.JobDetails{At: tx.Now(), Wave: j.Wave}
	switch s.answer.state {
	case fleet.GateHealthy:
		waveGoesOn(j, d)
		return
	case fleet.GateUnhealthy:
		d.State, d.Why = fleet.JobFailed, "the gate: "+s.answer.why
	default:
		d.State, d.Why = fleet.JobPaused, fmt.Sprintf("the gate gave no answer: %s; resume the job to go on without it", s.answer.why)
	}
	setJob(j, d)
}

// waveGoesOn lets the next wave begin, after what the wave that has ended says.
func waveGoesOn(j *fleet.Job, d fleet.JobDetails) {
	w := j.Options.Waves[j.Wave-1]
	switch {
	case w.Then:
		d.State, d.Why = fleet.JobPaused, "the wave has ended; resume the job to go on"
	case w.Pause > 0:
		d.State, d.For, d.Until = fleet.JobWaiting, fleet.WaitsWave, d.At.Add(w.Pause)
	case j.State == fleet.JobRunning:
		return
	default:
		d.State = fleet.JobWaiting
	}
	setJob(j, d)
}
