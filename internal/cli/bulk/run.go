package bulk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/simferry/simferry/client"
)

// Journal stores the entries of a run outside the process.
type Journal interface {
	// Append returns once the entry is on disk.
	Append(e Entry) error
}

// Runner moves the rest of a plan.
type Runner struct {
	Server   Server
	Pace     *Pace
	Plan     *Plan
	State    *State
	Journal  Journal
	Skip     bool                           // continue after refusals instead of stopping
	Progress func(moved int, settling bool) // may be nil

	Surveying func(known, total int) // progress of the previews of Resume; may be nil

	moved int
}

// ErrRefused ends a run that stops at the first refusal. The state has the details.
var ErrRefused = errors.New("SIMs have changed since the plan was made")

// grace is how long a request without a reply may still be running on the server.
const grace = time.Second

// answerTime is how long the reply to one chunk may take, even after an interrupt.
const answerTime = 2 * time.Minute

// Run sends one chunk after the other. When ctx ends, it waits for the reply to the chunk in
// flight and stops. The state is true whatever error it returns, and another Run continues from
// there.
func (r *Runner) Run(ctx context.Context) error {
	r.moved = r.State.Tally().Moved
	for i := range r.State.chunks { // no chunk is added during the loop
		for c := &r.State.chunks[i]; !c.done(); {
			if err := ctx.Err(); err != nil && !c.doubt {
				return err
			}
			if err := r.advance(ctx, i, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostTries bounds how often a chunk is sent to a server that contradicts itself.
const mostTries = 20

var errContradiction = errors.New("the server's dry runs and real runs contradict each other: report this to its operator")

// mostContradictions is how often a server may refuse the entity tag of a dry run without
// naming a change.
const mostContradictions = 2

var errTagRefused = errors.New("the server refused the entity tag of a dry run (412) twice without naming a change, so the run stopped; " +
	"a proxy may change ETag or If-Match headers, for example by compression: turn that off for this server, then resume")

// advance takes the next step for a chunk.
func (r *Runner) advance(ctx context.Context, i int, c *chunkState) error {
	switch {
	case c.doubt:
		return r.settle(ctx, i, c)
	case c.tries == mostTries:
		return fmt.Errorf("chunk %d: %w", i+1, errContradiction)
	case c.etag == "":
		return r.guarded(ctx, i, c)
	}
	return r.send(ctx, i, c, c.etag)
}

// guarded sends a chunk without a usable entity tag. A preview just before shows whether it is
// still as planned.
func (r *Runner) guarded(ctx context.Context, i int, c *chunkState) error {
	again := Planner{Server: r.Server, Pace: r.Pace, Terms: r.Plan.Terms}
	now, err := again.Plan(ctx, c.left)
	switch {
	case err != nil:
		return err
	case len(now.Against) > 0:
		return fmt.Errorf("%w: %s", ErrRefused, now.Against[0].Message)
	case c.doubted && len(now.There) == len(c.left):
		return r.arrived(c, Entry{Step: Arrived, Chunk: i, Settled: true})
	}
	drop, there := drift(c.left, now)
	if len(drop)+len(there) > 0 {
		c.contradictions = 0 // the SIMs had changed
		return r.leave(i, there, drop)
	}
	if len(now.Chunks) != 1 {
		return fmt.Errorf("chunk %d: %w", i+1, errContradiction)
	}
	return r.send(ctx, i, c, now.Chunks[0].ETag)
}

// leave records which SIMs leave a chunk.
func (r *Runner) leave(i int, there []int64, drop map[int64][]Reason) error {
	if len(there) > 0 {
		if err := r.write(Entry{Step: Found, Chunk: i, SIMs: there}); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	if err := r.write(Entry{Step: Dropped, Chunk: i, Reasons: drop}); err != nil {
		return err
	}
	if r.Skip || r.tried(i) {
		return nil
	}
	return fmt.Errorf("%w: %d SIMs of chunk %d", ErrRefused, len(drop), i+1)
}

// write stores an entry and then applies it to the state.
func (r *Runner) write(e Entry) error {
	e.At = r.Pace.Clock.Now().UTC()
	if err := r.Journal.Append(e); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := r.State.Apply(e); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// send runs the migration of the rest of a chunk.
func (r *Runner) send(ctx context.Context, i int, c *chunkState, etag string) error {
	if err := r.Pace.Wait(ctx); err != nil {
		return err
	}
	key := client.NewIdempotencyKey()
	if err := r.write(Entry{Step: Sent, Chunk: i, Key: key}); err != nil {
		return err
	}
	by := ByID
	if c.etag != "" && !r.tried(i) {
		by = r.Plan.Chunks[i].By // the entity tag is that of exactly this request
	}
	var opts []client.WriteOption
	if etag != "" { // a server with tags probably knows keys; others would ignore a key
		opts = append(opts, client.IfMatch(etag), client.IdempotencyKey(key))
	}
	within, done := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer done()
	c.tries++
	got, err := r.Server.Migrate(within, r.Plan.Terms.request(by, c.left), opts...)
	return r.answered(i, c, got, err)
}

// answered handles the reply to a real run.
func (r *Runner) answered(i int, c *chunkState, got *client.Migration, err error) error {
	if err == nil {
		r.Pace.answered()
		if !complete(c.left, got) {
			return nil // the reply is about other SIMs: read the SIMs back
		}
		ledger, _ := got.LedgerID()
		return r.arrived(c, Entry{Step: Arrived, Chunk: i, Ledger: ledger})
	}
	if _, elsewhere := errors.AsType[*client.RedirectError](err); elsewhere {
		return err // unknown whether it was done before the redirect: reading back shows it once the address is right
	}
	switch refused, isRefusal := errors.AsType[*client.APIError](err); {
	case isRefusal && (refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusConflict && refused.RetryAfter > 0):
		return errors.Join(r.write(Entry{Step: Stayed, Chunk: i}), r.Pace.Failed(err))
	case errors.Is(err, client.ErrSessionEnded), isRefusal && refused.Status < http.StatusInternalServerError:
		return r.refused(i, c, err)
	}
	// Neither success nor refusal: it may have been done. Reading back shows it later.
	return r.Pace.Failed(err)
}

func (r *Runner) arrived(c *chunkState, e Entry) error {
	n := len(c.left)
	if err := r.write(e); err != nil {
		return err
	}
	r.moved += n
	if r.Progress != nil {
		r.Progress(r.moved, e.Settled)
	}
	return nil
}

// complete reports whether a reply is about exactly the SIMs that were sent.
func complete(sent []SIM, got *client.Migration) bool {
	known := index(got.SIMs)
	for _, s := range sent {
		if _, ok := known.find(ByID, s); !ok {
			return false
		}
	}
	return len(got.SIMs) == len(sent)
}

// refused handles a reply that says nothing has moved.
func (r *Runner) refused(i int, c *chunkState, err error) error {
	stale, isStale := errors.AsType[*client.StaleError](err)
	if isStale && len(stale.SIMs) == 0 {
		// Once that may be a tag from before the run was resumed; twice it is a contradiction.
		if c.contradictions++; c.contradictions == mostContradictions {
			return errors.Join(r.write(Entry{Step: Stayed, Chunk: i}), fmt.Errorf("chunk %d: %w", i+1, errTagRefused))
		}
	}
	if c.doubted && (client.IsConflict(err) || client.IsStale(err) || client.IsNotFound(err)) {
		return nil // perhaps because the doubtful request was done after all: read the SIMs back
	}
	if isStale {
		return r.stale(i, c, stale)
	}
	if werr := r.write(Entry{Step: Stayed, Chunk: i}); werr != nil {
		return errors.Join(err, werr)
	}
	now, err := judge(r.Plan.Terms, unit{ByID, c.left}, nil, err)
	switch {
	case err != nil:
		return err
	case len(now.against) > 0:
		return fmt.Errorf("%w: %s", ErrRefused, now.against[0].Message)
	}
	c.etag = "" // a preview may be needed to find the refused SIMs
	drop, there := drift(c.left, &Plan{There: now.there, Held: now.held})
	return r.leave(i, there, drop)
}

// stale drops the SIMs that have changed since they were planned.
func (r *Runner) stale(i int, c *chunkState, err *client.StaleError) error {
	left := finder(c.left)
	drop := make(map[int64][]Reason)
	for _, s := range err.SIMs {
		if was, ok := left(SIM{ID: s.ID, ICCID: s.ICCID}); ok {
			drop[was.ID] = []Reason{{Changed, changes(s)}}
		}
	}
	if len(drop) > 0 {
		return r.leave(i, nil, drop)
	}
	// The server says that the preview was of another request: its tags are of no use here.
	return r.write(Entry{Step: Stayed, Chunk: i, Settled: true})
}
