package rest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
)

// Between is the pause between two attempts of a user.
const Between = 10 * time.Millisecond

// User is a user of servers whose addresses change when they are started again. It may be used from
// several goroutines.
type User struct {
	http           *http.Client
	urls           atomic.Pointer[[]string]
	name, password string
	bearer         atomic.Pointer[string]
	flying         atomic.Int64 // requests on their way
	gate           sync.RWMutex // held while a request is on its way
}

// NewUser returns a user who keeps up to idle unused connections.
func NewUser(name, password string, idle int) *User {
	u := &User{http: Client(idle), name: name, password: password}
	u.At()
	return u
}

// At sets the addresses of the servers from now on.
func (u *User) At(urls ...string) { u.urls.Store(&urls) }

// InFlight reports whether a request is on its way.
func (u *User) InFlight() bool { return u.flying.Load() > 0 }

// Hold waits until no request is on its way, and sends none until resume.
func (u *User) Hold() (resume func()) {
	u.gate.Lock()
	return u.gate.Unlock
}

// Outcome is the outcome of one attempt. Status 0 means that there was no response.
type Outcome struct {
	Status   int
	Location string
	Body     []byte
	later    bool // Retry-After
}

// Settled reports whether the outcome is final.
func (o Outcome) Settled() bool {
	return o.Status != 0 && o.Status < 500 && o.Status != http.StatusUnauthorized && o.Status != http.StatusTooManyRequests && !o.later
}

// Send makes one attempt at a random server. A session that has expired is renewed for the next
// one.
func (u *User) Send(ctx context.Context, rng *rand.Rand, method, path, body, key string) Outcome {
	u.gate.RLock()
	defer u.gate.RUnlock()
	urls := *u.urls.Load()
	url := urls[rng.IntN(len(urls))]
	u.flying.Add(1)
	o, err := u.exchange(ctx, method, url+path, body, key)
	u.flying.Add(-1)
	if err != nil {
		u.http.CloseIdleConnections()
		return Outcome{}
	}
	if o.Status == http.StatusUnauthorized {
		_ = u.SignIn(ctx, url) // the server may be down: the next attempt tries again
	}
	return o
}

func (u *User) exchange(ctx context.Context, method, url, body, key string) (o Outcome, err error) {
	call := Call{Method: method, URL: url, Body: body, Header: make(http.Header)}
	if bearer := u.bearer.Load(); bearer != nil {
		call.Bearer = *bearer
	}
	if key != "" {
		call.Header.Set("Idempotency-Key", key)
	}
	got, err := Send(ctx, u.http, call)
	return Outcome{got.Status, got.Header.Get("Location"), got.Body, got.Header.Get("Retry-After") != ""}, err
}

// SignIn signs in at a server.
func (u *User) SignIn(ctx context.Context, url string) error {
	bearer, err := SignIn(ctx, u.http, url, u.name, u.password)
	if err == nil {
		u.bearer.Store(&bearer)
	}
	return err
}

// Settle repeats a request until its outcome is final, or ctx ends.
func (u *User) Settle(ctx context.Context, rng *rand.Rand, method, path, body, key string) (o Outcome, ok bool) {
	for ctx.Err() == nil {
		if o = u.Send(context.WithoutCancel(ctx), rng, method, path, body, key); o.Settled() {
			return o, true
		}
		faults.Pause(ctx, Between)
	}
	return o, false
}
