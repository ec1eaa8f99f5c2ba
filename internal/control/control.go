// Package control holds every rule of Simferry, one file per capability. A rule takes the
// Principal who asks, checks its permission, does its work in one transaction of the
// store, and answers in the vocabulary of fleet. It knows nothing of HTTP.
package control

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Control is the rules over one store.
type Control struct {
	store   *store.Store
	hasher  *identity.Hasher
	ttl     time.Duration
	demand  FactorDemand
	deliver Delivery
	log     *slog.Logger

	keepIssued bool                            // of SIMs that are put into new devices
	issuer     atomic.Pointer[identity.Issuer] // replaced when another server has made a key

	verified verified
	refusals refusals

	turnedAway turnedAway
}

// Options tune a Control.
type Options struct {
	// Password is the cost of hashing passwords; identity.DefaultParams where zero.
	Password identity.Params
	// PasswordWorkers is how many passwords are hashed at once; 0 lets the hasher choose.
	PasswordWorkers int
	// TokenTTL is how long a bearer token lasts; identity.DefaultTTL where zero.
	TokenTTL time.Duration
	// RequireMFA says who must have a second factor; nobody where "".
	RequireMFA FactorDemand
	// Deliver says how activation keys reach people; nobody can be invited where "".
	Deliver Delivery
	// KeepSIMsIssued has POST /api/v1/endpoint leave a SIM Issued unless the request says more.
	KeepSIMsIssued bool
	// Log takes what an operator should know; slog.Default where nil.
	Log *slog.Logger
}

// New makes the rules over a store. It makes the key that signs bearer tokens where the
// database has none yet.
func New(ctx context.Context, s *store.Store, o Options) (*Control, error) {
	if o.Password == (identity.Params{}) {
		o.Password = identity.DefaultParams
	}
	if o.TokenTTL == 0 {
		o.TokenTTL = identity.DefaultTTL
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	c := &Control{
		store: s, hasher: identity.NewHasher(o.Password, o.PasswordWorkers), ttl: o.TokenTTL, demand: o.RequireMFA,
		deliver: o.Deliver, keepIssued: o.KeepSIMsIssued, log: o.Log,
	}
	if err := c.ensureKey(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// ActivatesSIMs reports whether a SIM that is put into a new device is activated unless the request
// says otherwise.
func (c *Control) ActivatesSIMs() bool { return !c.keepIssued }

// Ready reports whether the database answers and has the right schema. The error is for the
// operator and the log, not for strangers.
func (c *Control) Ready(ctx context.Context) error { return c.store.Ready(ctx) }

// Ready is Control.Ready.
func (o Operator) Ready(ctx context.Context) error { return o.c.Ready(ctx) }

// Vitals are what an operator may want to watch: the bytes of SQLite's write-ahead log, and
// how far the clock was ahead of the database's when it was last compared.
func (o Operator) Vitals() (walBytes int64, clockAhead time.Duration) {
	walBytes, _ = o.c.store.WALBytes() // a file that cannot be looked at makes the server unready
	return walBytes, o.c.store.ClockAhead()
}

// PasswordHashes is how many password hashes have been computed since the start.
func (c *Control) PasswordHashes() uint64 { return c.hasher.Work() }

// caller is the Principal as the store remembers it.
func caller(who identity.Principal) store.Caller {
	return store.Caller{User: who.User, SuperAdmin: who.SuperAdmin, Token: who.Token}
}
