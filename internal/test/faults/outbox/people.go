package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/faults"
)

// request is an invitation, or a request for a new password.
type request struct {
	recipient string
	workspace int64  // 0 for a password
	place     string // the Workspace's name
	key       string // a request for a password has none

	unknown int // attempts without a reply
	status  int // of the reply, 0 while there is none
	why     string
}

func (r *request) done() bool { return r.status == http.StatusCreated }

// people are the clients: they send requests to the servers that are up and record the replies.
type people struct {
	members []*member
	guest   *client.Client // not signed in

	mu     sync.Mutex
	random *rand.Rand
	all    []*request
	asked  map[string]int // how often a password was requested
}

// member is a user who invites others. An unanswered request with a key is repeated before
// anything else is sent.
type member struct {
	*people
	as       *client.Client
	open     *request
	observes bool // may not invite
}

// newPeople makes the users of the world; dial opens a connection to a server.
func newPeople(seed uint64, dial func(context.Context) (net.Conn, error)) (*people, error) {
	p := &people{asked: make(map[string]int), random: rand.New(rand.NewPCG(seed, 2))}
	browser := &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true, // each request goes to some server
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}
	user := func(options ...client.Option) (*client.Client, error) {
		return client.New("http://simferry.invalid", append(options, client.WithHTTPClient(browser), client.WithRetry(client.NoRetry))...)
	}
	var err error
	if p.guest, err = user(); err != nil {
		return nil, err
	}
	for i := range inviters + 1 {
		m := &member{people: p, observes: i == inviters}
		name := inviter(i)
		if m.observes {
			name = observer
		}
		if m.as, err = user(client.WithPassword(name, password)); err != nil {
			return nil, err
		}
		p.members = append(p.members, m)
	}
	return p, nil
}

// work sends some requests, one after the other, until stop is closed.
func (m *member) work(ctx context.Context, stop <-chan struct{}, requests int) {
	for range requests {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		if m.open == nil {
			m.open = m.drawRequest(m.observes)
		}
		if m.send(ctx, m.open); m.open.status != 0 || m.open.key == "" {
			m.open = nil
		}
	}
}

// settle repeats unanswered requests once the fault is over.
func (m *member) settle(ctx context.Context) error {
	for until := time.Now().Add(patience); m.open != nil; {
		if m.work(ctx, nil, 1); ctx.Err() != nil {
			return ctx.Err()
		}
		if m.open != nil && time.Now().After(until) {
			return fmt.Errorf("I12: the invitation of %s under its key is not answered after %v", m.open.recipient, patience)
		}
	}
	return nil
}

// drawRequest returns the next request.
func (p *people) drawRequest(refused bool) *request {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &request{recipient: fmt.Sprintf("p%d@example.com", len(p.all)), key: client.NewIdempotencyKey()}
	r.workspace, r.place = space(p.random.IntN(spaces))
	switch kind := p.random.IntN(20); {
	case refused:
		r.recipient = "refused-" + r.recipient
	case kind < 2:
		r.recipient = gone + r.recipient
	case kind < 5 && len(p.all) > 0:
		if before := p.all[p.random.IntN(len(p.all))]; before.workspace != 0 {
			r.recipient = before.recipient // possibly a member already
		}
	case kind < 6:
		if user := resetUser(p.random.IntN(resetUsers)); p.asked[user] < resetsPerUser {
			p.asked[user]++
			r = &request{recipient: user}
		}
	}
	p.all = append(p.all, r)
	return r
}

// send makes one attempt.
func (m *member) send(ctx context.Context, r *request) {
	var err error
	if r.workspace == 0 {
		err = m.guest.AskPasswordReset(ctx, r.recipient)
	} else {
		_, err = m.as.Invite(ctx, client.Invitation{Username: r.recipient, Workspace: r.workspace}, client.IdempotencyKey(r.key))
	}
	var refused *client.APIError
	switch {
	case err == nil:
		r.status = http.StatusCreated
	case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError && refused.RetryAfter == 0:
		r.status, r.why = refused.Status, refused.Message
	default:
		r.unknown++
		faults.Pause(ctx, time.Millisecond) // a stopped server would otherwise refuse a thousand times a second
	}
}
