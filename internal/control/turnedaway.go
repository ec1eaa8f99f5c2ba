package control

import (
	"sync"
	"time"
)

// turnedAway remembers until when addresses are refused, so that a flood of what is refused
// anyway does not cost a write each. It is a copy of rows that other servers read: a server
// without it refuses the same.
type turnedAway struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// turnedAwayMost bounds the memory: about 100 bytes each.
const turnedAwayMost = 10_000

// wait is how long an address is still refused, 0 if it is not.
func (t *turnedAway) wait(address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.until[address]
	if !ok {
		return 0
	}
	if !now.Before(until) {
		delete(t.until, address)
		return 0
	}
	return until.Sub(now)
}

func (t *turnedAway) add(address string, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.until == nil || len(t.until) >= turnedAwayMost {
		t.until = make(map[string]time.Time)
	}
	t.until[address] = until
}
