package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
)

// How many hashes may wait. At some 40 ms each the last of 64 waits two to three seconds;
// beyond that it is kinder to say so.
const (
	waitersPerWorker = 64
	waitersPerParty  = 24
)

// Hasher makes and checks password hashes. Each costs memory and a processor by design, so
// only some run at once, fewer than there are processors, and the others wait their turn.
// The parties that limit.WithParty names (addresses, as a rule) take turns: a flood from one
// delays a sign-in from another by one hash. It is safe for concurrent use: share one.
type Hasher struct {
	params Params
	queue  *limit.Gate
	work   atomic.Uint64
}

// NewHasher makes a Hasher whose new hashes cost p. Like the algorithm itself it panics
// on parameters that cannot be used: those are the program's mistake.
//
// workers is how many hashes are computed at once; 0 takes half as many as there are
// processors, so that requests without a password are served beside a flood of sign-ins.
func NewHasher(p Params, workers int) *Hasher {
	if err := p.check(); err != nil {
		panic(err)
	}
	n := cmp.Or(workers, max(1, runtime.GOMAXPROCS(0)/2))
	return &Hasher{params: p, queue: limit.NewGate(limit.Rules{Total: n, Queue: waitersPerParty, QueueAll: n * waitersPerWorker})}
}

// Hash makes the string to store for a password, given its wire digest. It refuses what
// is no digest, so that a plain password is never stored as if it were one. Errors:
// fleet.BadRequest; fleet.Unavailable where ctx ends first or too many wait.
func (h *Hasher) Hash(ctx context.Context, digest string) (string, error) {
	digest, err := ParseWireDigest(digest)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // documented never to fail
	key, err := h.derive(ctx, h.params, digest, salt, keyBytes)
	if err != nil {
		return "", err
	}
	return hashed{h.params, salt, key}.String(), nil
}

// Verify tells whether the stored string is that of the digest, which is what
// ParseWireDigest gives; anything else costs the same and is simply wrong. rehash tells,
// after a match, that the stored string has other parameters than new ones have: store
// Hash(digest) in its place. Errors: fleet.Unavailable as for Hash; a plain error where
// the stored string is damaged or asks for more than is reasonable.
func (h *Hasher) Verify(ctx context.Context, stored, digest string) (ok, rehash bool, err error) {
	want, err := parseHashed(stored)
	if err != nil {
		return false, false, err
	}
	key, err := h.derive(ctx, want.Params, digest, want.salt, uint32(len(want.key)))
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(key, want.key) == 1
	return ok, ok && h.outdated(want), nil
}

// VerifyNothing does the work of Verify for a user who does not exist, so that the time
// of the answer does not tell. Errors: fleet.Unavailable as for Hash.
func (h *Hasher) VerifyNothing(ctx context.Context, digest string) error {
	_, err := h.derive(ctx, h.params, digest, make([]byte, saltBytes), keyBytes)
	return err
}

// Work is how many hashes have been computed. That it grows by one whatever is wrong with a
// sign-in is why the time of the answer tells nothing.
func (h *Hasher) Work() uint64 { return h.work.Load() }

func (h *Hasher) outdated(stored hashed) bool {
	return stored.Params != h.params || len(stored.salt) != saltBytes || len(stored.key) != keyBytes
}

func (h *Hasher) derive(ctx context.Context, p Params, digest string, salt []byte, size uint32) ([]byte, error) {
	leave, err := h.queue.Enter(ctx, limit.Party(ctx))
	switch {
	case errors.Is(err, limit.ErrFull):
		return nil, &fleet.Error{Code: fleet.Unavailable, Message: "Too many are signing in at once; try again in a few seconds", RetryAfter: 3 * time.Second}
	case err != nil:
		return nil, &fleet.Error{Code: fleet.Unavailable, Message: "Signing in took too long; try again", Err: err}
	}
	defer leave()
	h.work.Add(1)
	return argon2.IDKey([]byte(digest), salt, p.Time, p.Memory, p.Threads, size), nil
}
