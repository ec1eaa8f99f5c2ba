package jobload

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/rest"
)

const (
	between = 10 * time.Millisecond // pause between two requests of a lane
	path    = "/api/v1/migration_job"
)

// client is one user on servers whose addresses change when they are started again.
type client struct {
	http   *http.Client
	urls   atomic.Pointer[[]string]
	user   string
	bearer atomic.Pointer[string]
	flying atomic.Int64 // requests on their way
	gate   sync.RWMutex // held while a request is on its way
}

func newClient(user string) *client {
	c := &client{http: rest.Client(2 * lanes), user: user}
	c.urls.Store(&[]string{})
	return c
}

// reply is the outcome of one attempt. Status 0 means that there was none.
type reply struct {
	status   int
	later    bool // Retry-After
	location string
	body     []byte
}

// settled reports whether the reply is final.
func (r reply) settled() bool {
	return r.status != 0 && r.status < 500 && r.status != http.StatusUnauthorized && r.status != http.StatusTooManyRequests && !r.later
}

// send makes one attempt at a random server. A session that has expired is renewed for the next
// one.
func (c *client) send(ctx context.Context, rng *rand.Rand, method, path, body, key string) reply {
	c.gate.RLock()
	defer c.gate.RUnlock()
	urls := *c.urls.Load()
	url := urls[rng.IntN(len(urls))]
	c.flying.Add(1)
	r, err := c.exchange(ctx, method, url+path, body, key)
	c.flying.Add(-1)
	if err != nil {
		c.http.CloseIdleConnections()
		return reply{}
	}
	if r.status == http.StatusUnauthorized {
		_ = c.signIn(ctx, url) // the server may be down: the next attempt tries again
	}
	return r
}

func (c *client) exchange(ctx context.Context, method, url, body, key string) (r reply, err error) {
	call := rest.Call{Method: method, URL: url, Body: body, Header: make(http.Header)}
	if bearer := c.bearer.Load(); bearer != nil {
		call.Bearer = *bearer
	}
	if key != "" {
		call.Header.Set("Idempotency-Key", key)
	}
	got, err := rest.Send(ctx, c.http, call)
	return reply{got.Status, got.Header.Get("Retry-After") != "", got.Header.Get("Location"), got.Body}, err
}

func (c *client) signIn(ctx context.Context, url string) error {
	bearer, err := rest.SignIn(ctx, c.http, url, c.user, password)
	if err == nil {
		c.bearer.Store(&bearer)
	}
	return err
}

// settle repeats a request until its reply is final, or ctx ends.
func (c *client) settle(ctx context.Context, rng *rand.Rand, method, path, body, key string) (r reply, ok bool) {
	for ctx.Err() == nil {
		if r = c.send(context.WithoutCancel(ctx), rng, method, path, body, key); r.settled() {
			return r, true
		}
		faults.Pause(ctx, between)
	}
	return r, false
}
