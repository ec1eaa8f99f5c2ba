package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/rest"
)

// signInEvery is the average number of requests after which a client signs in again.
const signInEvery = 50

// client is one user. It sends one request after the other. An unsettled request with a key is
// repeated before anything else is sent.
type client struct {
	Options
	number   int
	random   *rand.Rand
	expected *positions
	http     *http.Client
	bearers  atomic.Pointer[bearers]
	pending  *Request   // to be sent again
	keyed    []*Request // settled recently
	next     *Request   // the real run of a preview
	requests int
	inFlight atomic.Bool
	broken   error // the journal failed: the harness is void
}

// bearers are a user's tokens, which stay valid when servers restart.
type bearers struct {
	issuer string // for the issuer's Workspace, which sees every SIM
	home   string // for the Workspace of the devices
}

// signIn gets the client's bearers.
func (c *client) signIn(ctx context.Context, url string) error {
	issuer, err := rest.SignIn(ctx, c.http, url, username(c.number), password)
	if err != nil {
		return err
	}
	home, err := rest.Enter(ctx, c.http, url, issuer, fleets[0])
	if err == nil {
		c.bearers.Store(&bearers{issuer, home})
	}
	return err
}

// bearer returns the bearer that a request needs. Every second client migrates as a member of the
// devices' Workspace, the others for the issuer.
func (c *client) bearer(r *Request) string {
	b := c.bearers.Load()
	if r.Kind == Plug || r.Kind != Patch && c.number%2 == 0 {
		return b.home
	}
	return b.issuer
}

// Pauses after a request that is not settled. A stopped server would otherwise refuse a thousand
// times a second.
const (
	pauseNoReply = 2 * time.Millisecond
	pauseLater   = 20 * time.Millisecond
)

// run sends requests to random servers until stop is closed. An attempt in flight then is not
// aborted: its reply counts.
func (c *client) run(ctx context.Context, stop <-chan struct{}, urls []string, done func(*Attempt)) {
	for c.broken == nil && ctx.Err() == nil {
		select {
		case <-stop:
			return
		default:
		}
		if c.random.IntN(signInEvery) == 0 {
			_ = c.signIn(ctx, urls[c.random.IntN(len(urls))]) // the server may be down, which is the point
		}
		a := c.send(ctx, urls[c.random.IntN(len(urls))], c.choose())
		if a == nil {
			return
		}
		done(a)
		switch {
		case a.Err != nil:
			c.http.CloseIdleConnections()
			faults.Pause(ctx, pauseNoReply)
		case !a.Settled():
			faults.Pause(ctx, pauseLater)
		}
	}
}

// choose returns the next request to send.
func (c *client) choose() *Request {
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

// send sends a request once, with an entry in the journal, and learns from the reply. It returns
// nil if the journal failed.
func (c *client) send(ctx context.Context, url string, r *Request) *Attempt {
	a, err := c.Journal.begin(r, url)
	if err != nil {
		c.broken = err
		return nil
	}
	header := make(http.Header)
	if r.Key != "" {
		header.Set("Idempotency-Key", r.Key)
	}
	if r.IfMatch != "" {
		header.Set("If-Match", r.IfMatch)
	}
	c.inFlight.Store(true)
	reply, err := rest.Send(ctx, c.http, rest.Call{Method: r.Method, URL: url + r.Path, Bearer: c.bearer(r), Body: r.Body, Header: header})
	c.inFlight.Store(false)
	a.Status, a.Header, a.Body, a.Err = reply.Status, reply.Header, reply.Body, err
	if err := c.Journal.end(a, c.Expires); err != nil {
		c.broken = err
	}
	c.learn(a)
	return a
}

// keptKeys is how many keys a client remembers to try again.
const keptKeys = 8

func (c *client) learn(a *Attempt) {
	r := a.Request
	c.pending = nil
	if !a.Settled() {
		if r.Key != "" {
			c.pending = r
		}
		return
	}
	if r.Key != "" && a.stored() && !a.Replayed() && (a.succeeded() || !c.RepeatSuccessesOnly) {
		if len(c.keyed) == keptKeys {
			c.keyed = c.keyed[1:]
		}
		c.keyed = append(c.keyed, r)
	}
	switch {
	case r.Kind == Preview && a.Status == http.StatusOK && r.IfMatch == "":
		c.next = c.realRun(r, a.Header.Get("ETag"))
	case a.Wrote():
		c.expected.moved(r.target, simsOf(a.Body))
	}
}

// settleLimit is how long one request is repeated after the fault is over.
const settleLimit = 10 * time.Second

// settle repeats an unsettled request. An error is a failure of progress (I12).
func (c *client) settle(ctx context.Context, urls []string) error {
	began := time.Now()
	for tries := 0; c.pending != nil; tries++ {
		a := c.send(ctx, urls[tries%len(urls)], c.pending)
		switch {
		case c.broken != nil:
			return c.broken
		case a.Settled():
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(began) > settleLimit:
			return fmt.Errorf("I12: %v is not settled after %d attempts: status %d, %w", a.Request, tries+1, a.Status, a.Err)
		default:
			faults.Pause(ctx, pauseLater)
		}
	}
	return nil
}
