package control

import (
	"sync"
	"time"

	"github.com/simferry/simferry/internal/identity"
)

// verified remembers tokens whose signature was right. Checking one takes longer than the
// whole rest of a small request, and a client sends the same one thousands of times. It
// holds what the signature vouches for and nothing else: expiry is compared at each use,
// and whether the user or token still counts is asked of the database.
type verified struct {
	mu     sync.Mutex
	claims map[string]identity.Claims
}

// verifiedMost bounds the memory: about 1 KB a token.
const verifiedMost = 4096

func (v *verified) get(raw string, now time.Time) (identity.Claims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.claims[raw]
	return c, ok && now.Before(c.Expires)
}

func (v *verified) put(raw string, c identity.Claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil || len(v.claims) >= verifiedMost {
		v.claims = make(map[string]identity.Claims)
	}
	v.claims[raw] = c
}

// forget drops everything, because the keys have changed.
func (v *verified) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.claims = nil
}
