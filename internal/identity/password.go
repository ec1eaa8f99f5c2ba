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

// How many hashes may wait. At some 40 ms each, the last of 64 waits two to three seconds;
// beyond that it is better to refuse at once.
const (
	waitersPerWorker = 64
	waitersPerParty  = 24
)

// Hasher makes and checks password hashes. Each needs much memory and CPU time by design, so
// only some run at once, fewer than there are processors, and the others wait. The parties of
// limit.WithParty (usually addresses) take turns: a flood from one delays a sign-in from
// another by one hash. A Hasher is safe for concurrent use: share one.
type Hasher struct {
	params Params
	queue  *limit.Gate
	work   atomic.Uint64
}

// NewHasher returns a Hasher whose new hashes cost p. Like the algorithm itself it panics on
// invalid parameters, because they are a programming error.
//
// workers is how many hashes are computed at once; 0 means half the number of processors, so
// that requests without a password are served during a flood of sign-ins.
func NewHasher(p Params, workers int) *Hasher {
	if err := p.check(); err != nil {
		panic(err)
	}
	n := cmp.Or(workers, max(1, runtime.GOMAXPROCS(0)/2))
	return &Hasher{params: p, queue: limit.NewGate(limit.Rules{Total: n, Queue: waitersPerParty, QueueAll: n * waitersPerWorker})}
}

// Hash returns the string to store for a password, given the client's digest. It refuses
// anything but a digest, so that a plain password is never stored like one. Errors:
// fleet.BadRequest; fleet.Unavailable if ctx ends first or too many wait.
func (h *Hasher) Hash(ctx context.Context, digest string) (string, error) {
	digest, err := ParseWireDigest(digest)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	key, err := h.derive(ctx, h.params, digest, salt, keyBytes)
	if err != nil {
		return "", err
	}
	return hashed{h.params, salt, key}.String(), nil
}

// Verify reports whether the stored string belongs to the digest, as returned by
// ParseWireDigest; any other text costs the same time and does not match. rehash reports, after
// a match, that new strings have other parameters: store Hash(digest) instead. Errors:
// fleet.Unavailable as for Hash; a plain error if the stored string is damaged or asks for more
// than the bounds.
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

// VerifyNothing does the work of Verify for a user who does not exist, so that the response
// time is the same. Errors: fleet.Unavailable as for Hash.
func (h *Hasher) VerifyNothing(ctx context.Context, digest string) error {
	_, err := h.derive(ctx, h.params, digest, make([]byte, saltBytes), keyBytes)
	return err
}

// Work returns how many hashes have been computed. Every sign-in needs one, so that the
// response time does not show why a sign-in failed.
func (h *Hasher) Work() uint64 { return h.work.Load() }

// Queue returns the counts of the queue of hashes.
func (h *Hasher) Queue() limit.GateStats { return h.queue.Stats() }

func (h *Hasher) outdated(stored hashed) bool {
	return stored.Params != h.params || len(stored.salt) != saltBytes || len(stored.key) != keyBytes
}

func (h *Hasher) derive(ctx context.Context, p Params, digest string, salt []byte, size uint32) ([]byte, error) {
	leave, err := h.queue.Enter(ctx, limit.Party(ctx))
	switch {
	case errors.Is(err, limit.ErrFull):
		return nil, &fleet.Error{Code: fleet.Unavailable, Message: "Too many sign-ins at once; try again in a few seconds", RetryAfter: 3 * time.Second}
	case err != nil:
		return nil, &fleet.Error{Code: fleet.Unavailable, Message: "The sign-in took too long; try again", Err: err}
	}
	defer leave()
	h.work.Add(1)
	return argon2.IDKey([]byte(digest), salt, p.Time, p.Memory, p.Threads, size), nil
}
