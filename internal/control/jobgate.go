package control

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// Gates requests the URLs of gates, which users set.
type Gates interface {
	// Allowed returns an error if the URL may not be requested. The user sees its message.
	Allowed(url string) error
	// State requests a URL, for a few seconds at most; why describes the response.
	State(ctx context.Context, url string) (state fleet.GateState, why string)
}

// checkGate refuses a gate whose URL may not be requested.
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

// gateAnswer is the response of the URL of a gate. It is requested between two transactions.
type gateAnswer struct {
	state fleet.GateState
	why   string
}

// ask requests a call of the gate's URL, or acts on its response.
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
