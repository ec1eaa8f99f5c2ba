package control

import (
	"sync"
	"time"

	"github.com/simferry/simferry/internal/identity"
)

// verified caches tokens with a valid signature. Verifying one takes longer than the rest of a
// small request, and a client sends the same token thousands of times. It holds only the signed
// claims: the expiry is compared at each use, and the database decides whether the user or
// token is still valid.
type verified struct {
	mu     sync.Mutex
	claims map[string]identity.Claims
}

// maxVerified is the most tokens kept: about 1 KB each.
const maxVerified = 4096

func (v *verified) get(raw string, now time.Time) (identity.Claims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.claims[raw]
	return c, ok && now.Before(c.Expires)
}

func (v *verified) put(raw string, c identity.Claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil || len(v.claims) >= maxVerified {
		v.claims = make(map[string]identity.Claims)
	}
	v.claims[raw] = c
}

// forget empties the cache, because the keys have changed.
func (v *verified) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.claims = nil
}
