package jobload

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/faults"
)

const (
	patience = 20 * time.Second      // how long a client waits for one reply
	between  = 10 * time.Millisecond // pause between two requests of a lane
	path     = "/api/v1/migration_job"
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
	own := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
	own.MaxIdleConnsPerHost = 2 * lanes
	c := &client{http: &http.Client{Timeout: patience, Transport: own}, user: user}
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

// send makes one attempt at a random server. A session that has expired is renewed for the next one.
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
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return r, err
	}
	req.GetBody = nil // or the transport might send it a second time
	if bearer := c.bearer.Load(); bearer != nil {
		req.Header.Set("Authorization", "Bearer "+*bearer)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = resp.Body.Close() }()
	r.status, r.location, r.later = resp.StatusCode, resp.Header.Get("Location"), resp.Header.Get("Retry-After") != ""
	r.body, err = io.ReadAll(resp.Body)
	return r, err
}

func (c *client) signIn(ctx context.Context, url string) error {
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, c.user, identity.WireDigest(password))
	r, err := c.exchange(ctx, http.MethodPost, url+"/api/v1/authenticate", body, "")
	if err != nil {
		return err
	}
	var got struct {
		Token string `json:"auth_token"`
	}
	if err := json.Unmarshal(r.body, &got); err != nil || got.Token == "" {
		return fmt.Errorf("sign-in of %s: %d: %w", c.user, r.status, err)
	}
	c.bearer.Store(&got.Token)
	return nil
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
