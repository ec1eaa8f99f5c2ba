package traffic

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
)

// Load is clients at work, and the journal of everything they sent.
type Load struct {
	clients *Clients
	expires bool // bearers expire: a 401 is expected
	ctx     context.Context
	stop    context.CancelFunc
	wg      sync.WaitGroup

	mu        sync.Mutex
	requests  []*Request // settled ones, and those that were given up
	acked     []Ack
	refused   int
	anomalies []string
}

// Ack is a success that a client saw.
type Ack struct {
	At     time.Time
	Server int
}

// pauseBetween is a client's pause after no reply or a Retry-After.
const pauseBetween = 20 * time.Millisecond

// Begin starts n clients. Half of the requests have an idempotency key and are repeated until
// they are settled or the load ends; the others are sent once.
func Begin(ctx context.Context, c *Clients, seed uint64, n int) *Load {
	l := &Load{clients: c}
	l.start(ctx, seed, n)
	return l
}

func (l *Load) start(ctx context.Context, seed uint64, n int) {
	l.ctx, l.stop = context.WithCancel(ctx)
	for i := range n {
		rng := mathrand.New(mathrand.NewPCG(seed, uint64(i)))
		l.wg.Go(func() { l.one(rng) })
	}
}

// BeginExpiring begins load with bearers that expire and that the caller renews.
func BeginExpiring(ctx context.Context, c *Clients, seed uint64, n int) *Load {
	l := &Load{clients: c, expires: true}
	l.start(ctx, seed, n)
	return l
}

func (l *Load) one(rng *mathrand.Rand) {
	for l.ctx.Err() == nil {
		l.sideWork(rng)
		key := ""
		if rng.IntN(2) == 0 {
			key = rand.Text()
		}
		r := some(rng, key)
		l.repeatUntilSettled(r, rng)
		l.mu.Lock()
		l.requests = append(l.requests, r)
		l.mu.Unlock()
	}
}

// sideWorkEvery is the average number of requests after which a client signs in, or requests
// something forbidden.
const sideWorkEvery = 25

// sideWork does work that leaves only audit entries: a sign-in, and a migration of a SIM that does
// not exist.
func (l *Load) sideWork(rng *mathrand.Rand) {
	if rng.IntN(sideWorkEvery) > 0 {
		return
	}
	ctx, c := context.WithoutCancel(l.ctx), l.clients
	if rng.IntN(2) == 0 {
		_, _, _ = c.TrySignIn(ctx, username, password) // the server may be down, which is the point
		return
	}
	body := fmt.Appendf(nil, `{"target_workspace":{"id":%d},"sims":[{"id":77}],"dry_run":false}`, workspaces[0])
	if a, err := c.post(ctx, rng.IntN(len(c.urls)), migrations, body, ""); err == nil && a.Status < 300 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.anomalies = append(l.anomalies, fmt.Sprintf("I7: a migration of a SIM that is not there was answered %d: %.200s", a.Status, a.Body))
	}
}

// repeatUntilSettled repeats a request with a key until it is settled. An attempt in flight when the load
// ends is not aborted: its reply counts.
func (l *Load) repeatUntilSettled(r *Request, rng *mathrand.Rand) {
	for first := true; first || r.Key != "" && l.ctx.Err() == nil; first = false {
		a := l.clients.send(context.WithoutCancel(l.ctx), r, rng.IntN(len(l.clients.urls)))
		l.note(r, a)
		if a.Settled() {
			return
		}
		select {
		case <-time.After(pauseBetween):
		case <-l.ctx.Done():
		}
	}
}

// note counts a reply. The only permitted failure is a Retry-After.
func (l *Load) note(r *Request, a Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.Refused() {
		l.refused++
	}
	switch {
	case a.Status == http.StatusOK && !a.Replayed:
		l.acked = append(l.acked, Ack{a.At, a.Server})
	case a.Status >= 500 && (a.Status != http.StatusServiceUnavailable || a.Later == ""):
		l.anomalies = append(l.anomalies, fmt.Sprintf("I12: %v answered %d, Retry-After %q: %.200s", r, a.Status, a.Later, a.Body))
	case a.Status == http.StatusUnauthorized && !l.expires, a.Status == http.StatusBadRequest, a.Status == http.StatusNotFound:
		l.anomalies = append(l.anomalies, fmt.Sprintf("%v answered %d: %.200s", r, a.Status, a.Body))
	}
}

// settleLimit is how long one request is repeated after the disturbance is over.
const settleLimit = 10 * time.Second

// End stops the clients and settles, by their keys, the requests that have one.
func (l *Load) End(ctx context.Context) error {
	l.stop()
	l.wg.Wait()
	for _, r := range l.requests {
		for began, tries := time.Now(), 0; r.Key != "" && !r.Settled(); tries++ {
			l.note(r, l.clients.send(ctx, r, tries%len(l.clients.urls)))
			if ctx.Err() != nil || time.Since(began) > settleLimit {
				return errors.Join(ctx.Err(), fmt.Errorf("%v is not settled after %d attempts", r, tries+1))
			}
			if !r.Settled() {
				faults.Pause(ctx, pauseBetween)
			}
		}
	}
	return nil
}

// Acknowledged counts the successes that clients have seen so far.
func (l *Load) Acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// ErrStalled is returned by an Await that has waited longer than any strain explains. Its text
// is the end of a sentence that Await begins with the count.
var ErrStalled = errors.New("acknowledged within a minute")

// Await waits until so many successes have been seen. Errors: ErrStalled.
func (l *Load) Await(ctx context.Context, n int) error {
	for began := time.Now(); l.Acknowledged() < n; faults.Pause(ctx, 5*time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("only %d of %d requests were %w", l.Acknowledged(), n, ErrStalled)
		}
	}
	return nil
}

// Refused counts the attempts that got a Retry-After, or no reply, so far.
func (l *Load) Refused() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// NextAck waits for a success of a request that a server acknowledged after an instant.
func (l *Load) NextAck(after time.Time, server int, limit time.Duration) (took time.Duration, ok bool) {
	for time.Since(after) < limit {
		if at, ok := l.firstAfter(after, server); ok {
			return at.Sub(after), true
		}
		faults.Pause(context.Background(), 5*time.Millisecond)
	}
	return limit, false
}

func (l *Load) firstAfter(after time.Time, server int) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.acked) - 1; i >= 0; i-- {
		if a := l.acked[i]; a.Server == server && a.At.After(after) {
			first := a.At
			for _, b := range l.acked[:i] {
				if b.Server == server && b.At.After(after) && b.At.Before(first) {
					first = b.At
				}
			}
			return first, true
		}
	}
	return time.Time{}, false
}

// Journal returns what was sent. Call it after End.
func (l *Load) Journal() *Journal { return &Journal{l.requests, l.anomalies} }
