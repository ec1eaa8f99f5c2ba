// Package control implements the rules of Simferry, one file per capability. A rule takes the
// Principal of the caller, checks its permission, does its work in one transaction of the
// store, and returns types and errors of package fleet. It does not depend on HTTP.
package control

import (
	"cmp"
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Control implements the rules over one store.
type Control struct {
	store   *store.Store
	hasher  *identity.Hasher
	ttl     time.Duration
	demand  FactorDemand
	deliver Delivery
	log     *slog.Logger

	keepIssued bool                            // keep the status of SIMs that are put into new devices
	issuer     atomic.Pointer[identity.Issuer] // replaced when another server makes a key

	verified verified
	refusals refusals

	refusedAddresses refusedAddresses

	jobsDue    chan struct{} // see JobsDue
	jobsAtOnce int
	pace       pace // of the steps of jobs
	gates      Gates
	feeds      jobFeeds

	terminalPage string // see Options
	noReminders  bool

	moves moves
}

// Options configures a Control.
type Options struct {
	// Password is the cost of hashing passwords; zero means identity.DefaultParams.
	Password identity.Params
	// PasswordWorkers is how many passwords are hashed at once; 0 lets the hasher choose.
	PasswordWorkers int
	// TokenTTL is how long a bearer token lasts; zero means identity.DefaultTTL.
	TokenTTL time.Duration
	// RequireMFA says which users must have a second factor; "" means none.
	RequireMFA FactorDemand
	// Deliver says how activation keys reach users; "" disables invitations.
	Deliver Delivery
	// KeepSIMsIssued makes POST /api/v1/endpoint leave a SIM Issued unless the request says
	// otherwise.
	KeepSIMsIssued bool
	// JobsAtOnce is how many jobs of the installation may run at once; 0 means 4.
	JobsAtOnce int
	// TerminalPage is the page of the console on which users approve terminals: a URL, or a path if
	// that of the server is unknown. "" means that no terminal can sign in without a password.
	TerminalPage string
	// NoReminders turns off the mails that remind receivers of pending offers.
	NoReminders bool
	// Gates requests the URLs of gates; nil refuses jobs with such a gate.
	Gates Gates
	// WatchPoll is how often a job that is being watched is read; 0 means once a second.
	WatchPoll time.Duration
	// Log receives messages for the operator; nil means slog.Default.
	Log *slog.Logger
}

// New returns a Control over a store. If the database has no signing key yet, New makes one.
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
		deliver: o.Deliver, keepIssued: o.KeepSIMsIssued, log: o.Log, verified: newVerified(),
		jobsDue: make(chan struct{}, 1), jobsAtOnce: cmp.Or(o.JobsAtOnce, 4), gates: o.Gates, terminalPage: o.TerminalPage,
		noReminders: o.NoReminders,
		feeds:       jobFeeds{poll: cmp.Or(o.WatchPoll, time.Second), open: make(map[fleet.JobID]*jobFeed)},
	}
	if err := c.ensureKey(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// ActivatesSIMs reports whether a SIM that is put into a new device is activated unless the request
// says otherwise.
func (c *Control) ActivatesSIMs() bool { return !c.keepIssued }

// Ready returns an error if the database does not respond or has another schema. The error is
// for the operator and the log, not for API clients.
func (c *Control) Ready(ctx context.Context) error { return c.store.Ready(ctx) }

// Store returns the store. Only package operator may use it.
func (c *Control) Store() *store.Store { return c.store }

// Log returns the log for the operator.
func (c *Control) Log() *slog.Logger { return c.log }

// Hasher returns the hasher of passwords, which bounds how many are hashed at once.
func (c *Control) Hasher() *identity.Hasher { return c.hasher }

// PasswordHashes returns the number of password hashes computed since the start.
func (c *Control) PasswordHashes() uint64 { return c.hasher.Work() }

// storeCaller returns the Principal in the form that the store keeps.
func storeCaller(caller identity.Principal) store.Caller {
	return store.Caller{User: caller.User, SuperAdmin: caller.SuperAdmin, Token: caller.Token}
}
