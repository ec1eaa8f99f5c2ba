package control

import (
	"maps"
	"sync"

	"github.com/simferry/simferry/internal/fleet"
)

// MoveKind is how a request to migrate SIMs has ended.
type MoveKind struct {
	Mode    string // run or preview
	Outcome string // accepted, refused, repeated (a stored reply was sent again), failed
}

// MoveStats counts requests to migrate SIMs, and the SIMs of those that were accepted.
type MoveStats struct{ Requests, SIMs uint64 }

// moves counts requests to migrate SIMs.
type moves struct {
	mu sync.Mutex
	by map[MoveKind]MoveStats
}

func (m *moves) count(mode, outcome string, sims int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = make(map[MoveKind]MoveStats)
	}
	k := MoveKind{mode, outcome}
	f := m.by[k]
	m.by[k] = MoveStats{f.Requests + 1, f.SIMs + uint64(sims)}
}

// Moves returns how the requests to migrate SIMs have ended since the start. Jobs, undos and offers
// are not among them.
func (c *Control) Moves() map[MoveKind]MoveStats {
	all := make(map[MoveKind]MoveStats)
	for _, mode := range []string{"run", "preview"} {
		for _, outcome := range []string{"accepted", "refused", "failed"} {
			all[MoveKind{mode, outcome}] = MoveStats{}
		}
	}
	c.moves.mu.Lock()
	defer c.moves.mu.Unlock()
	maps.Copy(all, c.moves.by)
	return all
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "accepted"
	case RefusalCode(err) != 0:
		return "refused"
	}
	return "failed"
}

// simsOf returns the number of SIMs of a plan that was accepted.
func simsOf(plan *fleet.Plan, err error) int {
	if err != nil || plan == nil {
		return 0
	}
	return len(plan.SIMs)
}
