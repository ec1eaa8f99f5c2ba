package control

import (
	"sync"
	"time"
)

// pace chooses how many SIMs a step of a job works on, so that it does not block other writers for
// long. It matters on SQLite, which has one writer; on PostgreSQL no request waits for a step.
type pace struct {
	mu     sync.Mutex
	cost   [2]time.Duration // of one SIM, on average, for planning and moving; 0 if not known yet
	waited time.Time        // when another writer last waited for a step
}

// What a step does with SIMs.
const (
	planning = iota
	moving
)

const (
	paceBudget = 7 * time.Millisecond // for a step while others wait, without its commit
	paceLeast  = 50                   // the fewest SIMs of a step
	paceMemory = time.Second          // how long a step stays short after others have waited
	paceRest   = 50 * time.Millisecond
)

// JobRest returns how long a server should wait after a step of a job that took this long: the same
// time again, at most paceRest, if other writers have waited for a step lately, so that jobs use
// the writer and a processor at most half of the time.
func (c *Control) JobRest(took time.Duration) time.Duration {
	return c.pace.rest(took, time.Now())
}

func (p *pace) rest(took time.Duration, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.waited) > paceMemory {
		return 0
	}
	return min(took, paceRest)
}

// most returns how many SIMs a step may work on; limit is the number if no other writer waits.
func (p *pace) most(what, limit int, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cost[what] == 0 || now.Sub(p.waited) > paceMemory {
		return limit
	}
	return min(max(int(paceBudget/p.cost[what]), paceLeast), limit)
}

// worked records how long a step has taken for its SIMs, and whether other writers wait for it.
func (p *pace) worked(what, sims int, took time.Duration, now time.Time, waiting bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waiting {
		p.waited = now
	}
	if sims < paceLeast {
		return // the fixed cost of a step would count as that of its few SIMs
	}
	const weight = 4 // of the average so far, against one new value
	one := max(took/time.Duration(sims), 1)
	if p.cost[what] != 0 {
		one = (weight*p.cost[what] + one) / (weight + 1)
	}
	p.cost[what] = one
}

// worked records how long a step has taken, from its start until now, for its number of SIMs.
func (s *jobStep) worked(what, sims int, began time.Time) {
	now := time.Now()
	s.c.pace.worked(what, sims, now.Sub(began), now, s.c.store.WritersWait())
}
