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
	Throttle *Throttle
	Plan     *Plan
	State    *State
	Journal  Journal
	Skip     bool                           // continue after refusals instead of stopping
	Progress func(moved int, settling bool) // may be nil

	PreviewProgress func(known, total int) // progress of the previews of Resume; may be nil

	moved int
}

// ErrRefused ends a run that stops at the first refusal. The state has the details.
var ErrRefused = errors.New("SIMs have changed since the plan was made")

// readBackDelay is how long a request without a reply may still be running on the server.
const readBackDelay = time.Second

// responseTimeout is how long the reply to one chunk may take, even after an interrupt.
const responseTimeout = 2 * time.Minute

// Run sends one chunk after the other. When ctx ends, it waits for the reply to the chunk in
// flight and stops. The state is true whatever error it returns, and another Run continues from
// there.
func (r *Runner) Run(ctx context.Context) error {
	r.moved = r.State.Tally().Moved
	for i := range r.State.chunks { // no chunk is added during the loop
		for c := &r.State.chunks[i]; !c.done(); {
			if err := ctx.Err(); err != nil && !c.unknown {
				return err
			}
			if err := r.nextStep(ctx, i, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxTries bounds how often a chunk is sent to a server that contradicts itself.
const maxTries = 20

var errContradiction = errors.New("the server's dry runs and real runs contradict each other: report this to its operator")

// maxContradictions is how often a server may refuse the entity tag of a dry run without
// naming a change.
const maxContradictions = 2

var errTagRefused = errors.New("the server refused the entity tag of a dry run (412) twice without naming a change, so the run stopped; " +
	"a proxy may change ETag or If-Match headers, for example by compression: turn that off for this server, then resume")

// nextStep takes the next step for a chunk.
func (r *Runner) nextStep(ctx context.Context, i int, c *chunkState) error {
	switch {
	case c.unknown:
		return r.readBack(ctx, i, c)
	case c.tries == maxTries:
		return fmt.Errorf("chunk %d: %w", i+1, errContradiction)
	case c.etag == "":
		return r.previewAndSend(ctx, i, c)
	}
	return r.send(ctx, i, c, c.etag)
}

// previewAndSend sends a chunk without a usable entity tag. A preview just before shows whether it
// is still as planned.
func (r *Runner) previewAndSend(ctx context.Context, i int, c *chunkState) error {
	again := Planner{Server: r.Server, Throttle: r.Throttle, Terms: r.Plan.Terms}
	now, err := again.Plan(ctx, c.remaining)
	switch {
	case err != nil:
		return err
	case len(now.TargetReasons) > 0:
		return fmt.Errorf("%w: %s", ErrRefused, now.TargetReasons[0].Message)
	case c.wasUnknown && len(now.AlreadyThere) == len(c.remaining):
		return r.recordMoved(c, Entry{Step: StepMoved, Chunk: i, ReadBack: true})
	}
	drop, there := drift(c.remaining, now)
	if len(drop)+len(there) > 0 {
		c.contradictions = 0 // the SIMs had changed
		return r.removeSIMs(i, there, drop)
	}
	if len(now.Chunks) != 1 {
		return fmt.Errorf("chunk %d: %w", i+1, errContradiction)
	}
	return r.send(ctx, i, c, now.Chunks[0].ETag)
}

// removeSIMs records which SIMs leave a chunk.
func (r *Runner) removeSIMs(i int, there []int64, drop map[int64][]Reason) error {
	if len(there) > 0 {
		if err := r.write(Entry{Step: StepFound, Chunk: i, SIMs: there}); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	if err := r.write(Entry{Step: StepDropped, Chunk: i, Reasons: drop}); err != nil {
		return err
	}
	if r.Skip || r.isRetry(i) {
		return nil
	}
	return fmt.Errorf("%w: %d SIMs of chunk %d", ErrRefused, len(drop), i+1)
}

// write stores an entry and then applies it to the state.
func (r *Runner) write(e Entry) error {
	e.At = r.Throttle.Clock.Now().UTC()
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
	if err := r.Throttle.Wait(ctx); err != nil {
		return err
	}
	key := client.NewIdempotencyKey()
	if err := r.write(Entry{Step: StepSent, Chunk: i, Key: key}); err != nil {
		return err
	}
	by := ByID
	if c.etag != "" && !r.isRetry(i) {
		by = r.Plan.Chunks[i].By // the entity tag is that of exactly this request
	}
	var opts []client.WriteOption
	if etag != "" { // a server with tags probably knows keys; others would ignore a key
		opts = append(opts, client.IfMatch(etag), client.IdempotencyKey(key))
	}
	within, done := context.WithTimeout(context.WithoutCancel(ctx), responseTimeout)
	defer done()
	c.tries++
	got, err := r.Server.Migrate(within, r.Plan.Terms.request(by, c.remaining), opts...)
	return r.handleResponse(i, c, got, err)
}

// handleResponse handles the reply to a real run.
func (r *Runner) handleResponse(i int, c *chunkState, got *client.Migration, err error) error {
	if err == nil {
		r.Throttle.Succeeded()
		if !complete(c.remaining, got) {
			return nil // the reply is about other SIMs: read the SIMs back
		}
		ledger, _ := got.LedgerID()
		return r.recordMoved(c, Entry{Step: StepMoved, Chunk: i, Ledger: ledger})
	}
	if _, elsewhere := errors.AsType[*client.RedirectError](err); elsewhere {
		return err // unknown whether it was done before the redirect: reading back shows it once the address is right
	}
	switch refused, isRefusal := errors.AsType[*client.APIError](err); {
	case isRefusal && (refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusConflict && refused.RetryAfter > 0):
		return errors.Join(r.write(Entry{Step: StepNotMoved, Chunk: i}), r.Throttle.Failed(err))
	case errors.Is(err, client.ErrSessionEnded), isRefusal && refused.Status < http.StatusInternalServerError:
		return r.handleRefusal(i, c, err)
	}
	// Neither success nor refusal: it may have been done. Reading back shows it later.
	return r.Throttle.Failed(err)
}

func (r *Runner) recordMoved(c *chunkState, e Entry) error {
	n := len(c.remaining)
	if err := r.write(e); err != nil {
		return err
	}
	r.moved += n
	if r.Progress != nil {
		r.Progress(r.moved, e.ReadBack)
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

// handleRefusal handles a reply that says nothing has moved.
func (r *Runner) handleRefusal(i int, c *chunkState, err error) error {
	stale, isStale := errors.AsType[*client.StaleError](err)
	if isStale && len(stale.SIMs) == 0 {
		// Once that may be a tag from before the run was resumed; twice it is a contradiction.
		if c.contradictions++; c.contradictions == maxContradictions {
			return errors.Join(r.write(Entry{Step: StepNotMoved, Chunk: i}), fmt.Errorf("chunk %d: %w", i+1, errTagRefused))
		}
	}
	if c.wasUnknown && (client.IsConflict(err) || client.IsStale(err) || client.IsNotFound(err)) {
		return nil // perhaps because the request with an unknown outcome succeeded: read the SIMs back
	}
	if isStale {
		return r.dropStale(i, c, stale)
	}
	if werr := r.write(Entry{Step: StepNotMoved, Chunk: i}); werr != nil {
		return errors.Join(err, werr)
	}
	now, err := judge(r.Plan.Terms, unit{ByID, c.remaining}, nil, err)
	switch {
	case err != nil:
		return err
	case len(now.targetReasons) > 0:
		return fmt.Errorf("%w: %s", ErrRefused, now.targetReasons[0].Message)
	}
	c.etag = "" // a preview may be needed to find the refused SIMs
	drop, there := drift(c.remaining, &Plan{AlreadyThere: now.alreadyThere, Blocked: now.blocked})
	return r.removeSIMs(i, there, drop)
}

// dropStale drops the SIMs that have changed since they were planned.
func (r *Runner) dropStale(i int, c *chunkState, err *client.StaleError) error {
	left := finder(c.remaining)
	drop := make(map[int64][]Reason)
	for _, s := range err.SIMs {
		if was, ok := left(SIM{ID: s.ID, ICCID: s.ICCID}); ok {
			drop[was.ID] = []Reason{{Changed, describeChanges(s)}}
		}
	}
	if len(drop) > 0 {
		return r.removeSIMs(i, nil, drop)
	}
	// The server says that the preview was of another request: its tags are of no use here.
	return r.write(Entry{Step: StepNotMoved, Chunk: i, ReadBack: true})
}
