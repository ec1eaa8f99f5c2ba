package control

import (
	"sync"
	"time"
)

// refusedAddresses remembers until when addresses are refused, so that a flood of refused requests
// does not cost a write each. It caches rows that all servers share: without the cache a server
// refuses the same requests.
type refusedAddresses struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// maxRefusedAddresses is the most addresses kept: about 100 bytes each.
const maxRefusedAddresses = 10_000

// wait returns how long an address is still refused, or 0.
func (t *refusedAddresses) wait(address string, now time.Time) time.Duration {
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

func (t *refusedAddresses) add(address string, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.until == nil || len(t.until) >= maxRefusedAddresses {
		t.until = make(map[string]time.Time)
	}
	t.until[address] = until
}
