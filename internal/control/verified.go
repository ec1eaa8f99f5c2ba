package control

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/simferry/simferry/internal/identity"
)

// verified caches tokens with a valid signature. Verifying one takes longer than the rest of a
// small request, and a client sends the same token thousands of times. It holds only the signed
// claims: the expiry is compared at each use, and the database decides whether the user or
// token is still valid. If the cache is full, the token that was not used for longest leaves.
type verified struct {
	claims *lru.Cache[string, identity.Claims]
}

// maxVerified is the most tokens kept: about 1 KB each.
const maxVerified = 16_384

func newVerified() verified {
	claims, err := lru.New[string, identity.Claims](maxVerified)
	if err != nil {
		panic(err) // only for a size of 0 or less
	}
	return verified{claims}
}

func (v *verified) get(raw string, now time.Time) (identity.Claims, bool) {
	c, ok := v.claims.Get(raw)
	return c, ok && now.Before(c.Expires)
}

func (v *verified) put(raw string, c identity.Claims) { v.claims.Add(raw, c) }

// forget empties the cache, because the keys have changed.
func (v *verified) forget() { v.claims.Purge() }
