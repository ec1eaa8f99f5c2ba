package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/faults"
)

// patience is how long a client waits for a reply. A server that takes longer stalls, which is
// a failure (I12).
const patience = 30 * time.Second

// signInEvery is the average number of requests after which a client signs in again.
const signInEvery = 50

// Client is one user. It sends one request after the other. An unsettled request with a key is
// repeated before anything else is sent.
type Client struct {
	number   int
	journal  *Journal
	random   *rand.Rand
	expected *positions
	http     *http.Client
	token    string     // for the issuer's Workspace, which sees every SIM
	home     string     // for the Workspace of the devices
	pending  *Request   // to be sent again
	keyed    []*Request // settled recently
	next     *Request   // the real run of a preview
	requests int
	inFlight atomic.Bool
	Broken   error // the journal failed: the harness is void
}

// NewClients makes clients that draw their requests from a seed.
func NewClients(n int, seed uint64, j *Journal) []*Client {
	b := newPositions()
	list := make([]*Client, n)
	for i := range list {
		own := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
		own.DisableCompression = true                          // bytes are compared
		list[i] = &Client{
			number: i, journal: j, random: rand.New(rand.NewPCG(seed, uint64(i))), expected: b,
			http: &http.Client{Transport: own, Timeout: patience},
		}
	}
	return list
}

// SignIn gets the client's bearers, which stay valid over restarts.
func (c *Client) SignIn(ctx context.Context, url string) error {
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, username(c.number), identity.WireDigest(password))
	token, err := c.bearer(ctx, url+"/api/v1/authenticate", "", body)
	if err != nil {
		return err
	}
	body = fmt.Sprintf(`{"target_organisation":{"id":%d}}`, fleets[0])
	home, err := c.bearer(ctx, url+"/api/v1/authenticate/workspace", token, body)
	if err == nil {
		c.token, c.home = token, home
	}
	return err
}

func (c *Client) bearer(ctx context.Context, url, token, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Token string `json:"auth_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		return "", fmt.Errorf("sign-in of %s: %s: %w", username(c.number), resp.Status, err)
	}
	return got.Token, nil
}

// Run sends requests until stop is closed. where chooses a server for each.
func (c *Client) Run(ctx context.Context, stop <-chan struct{}, where func(*rand.Rand) string) {
	for c.Broken == nil {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		if c.random.IntN(signInEvery) == 0 {
			_ = c.SignIn(ctx, where(c.random)) // the server may be down, which is the point
		}
		a := c.Send(ctx, where(c.random), c.choose())
		if a != nil && a.Err != nil {
			c.http.CloseIdleConnections()
			faults.Pause(ctx, time.Millisecond) // a stopped server would otherwise refuse a thousand times a second
		}
	}
}

// choose returns the next request to send.
func (c *Client) choose() *Request {
	switch {
	case c.pending != nil:
		return c.pending
	case c.next != nil:
		r := c.next
		c.next = nil
		return r
	case len(c.keyed) > 0 && c.random.IntN(20) == 0:
		return c.keyed[c.random.IntN(len(c.keyed))]
	}
	return c.draw()
}

// Send sends a request once, journalled, and learns from the reply.
func (c *Client) Send(ctx context.Context, url string, r *Request) *Attempt {
	a, err := c.journal.Begin(r)
	if err != nil {
		c.Broken = err
		return nil
	}
	c.inFlight.Store(true)
	c.exchange(ctx, url, a)
	c.inFlight.Store(false)
	if err := c.journal.End(a); err != nil {
		c.Broken = err
	}
	c.learn(a)
	return a
}

// InFlight reports whether a request is in flight.
func (c *Client) InFlight() bool { return c.inFlight.Load() }

func (c *Client) exchange(ctx context.Context, url string, a *Attempt) {
	r := a.Request
	req, err := http.NewRequestWithContext(ctx, r.Method, url+r.Path, bytes.NewReader([]byte(r.Body)))
	if err != nil {
		a.Err = err
		return
	}
	// The transport must not repeat a request on its own, because the journal would not know.
	// Without GetBody it cannot.
	req.GetBody = nil
	bearer := c.token
	if r.Kind == Plug {
		bearer = c.home
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Content-Type", "application/json")
	if r.Key != "" {
		req.Header.Set("Idempotency-Key", r.Key)
	}
	if r.IfMatch != "" {
		req.Header.Set("If-Match", r.IfMatch)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		a.Err = err
		return
	}
	defer func() { _ = resp.Body.Close() }()
	a.Status, a.Header = resp.StatusCode, resp.Header
	a.Body, a.Err = io.ReadAll(resp.Body)
}

// keptKeys is how many keys a client remembers to try again.
const keptKeys = 8

func (c *Client) learn(a *Attempt) {
	r := a.Request
	c.pending = nil
	if !a.Settled() {
		if r.Key != "" {
			c.pending = r
		}
		return
	}
	if r.Key != "" && (a.Status < 300 || a.Status == http.StatusConflict) && !a.Replayed() {
		if len(c.keyed) == keptKeys {
			c.keyed = c.keyed[1:]
		}
		c.keyed = append(c.keyed, r)
	}
	switch {
	case r.Kind == Preview && a.Status == http.StatusOK && r.IfMatch == "":
		c.next = c.realRun(r, a.Header.Get("ETag"))
	case r.Kind == Migrate && a.Status == http.StatusOK && !a.Replayed():
		c.expected.moved(r.Target, simsOf(a.Body))
	}
}

// Settle repeats all unsettled requests once the disturbance is over. An error is a failure of
// progress (I12).
func (c *Client) Settle(ctx context.Context, url string) error {
	until := time.Now().Add(patience)
	for c.pending != nil {
		r := c.pending
		a := c.Send(ctx, url, r)
		switch {
		case c.Broken != nil:
			return c.Broken
		case a.Settled():
		case time.Now().After(until):
			return fmt.Errorf("I12: %s under key %s is not settled after %v: status %d, %w", r.Kind, r.Key, patience, a.Status, a.Err)
		default:
			faults.Pause(ctx, 5*time.Millisecond)
		}
	}
	return nil
}
