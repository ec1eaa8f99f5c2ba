package bulk

import (
	"context"
	"time"
)

// interruptedReadBack bounds the time in which an interrupted run reads back the outcome.
const interruptedReadBack = 10 * time.Second

// readBack finds out what happened to a chunk without a reply, by reading where its SIMs are. A
// request moves all or none, so this is certain.
func (r *Runner) readBack(ctx context.Context, i int, c *chunkState) error {
	if ctx.Err() != nil { // interrupted: one more query, but a short one
		var done context.CancelFunc
		ctx, done = context.WithTimeout(context.WithoutCancel(ctx), interruptedReadBack)
		defer done()
	}
	there, err := r.locate(ctx, c)
	if err == nil && len(there) == 0 {
		there, err = r.locateLater(ctx, c)
	}
	if err != nil {
		return err
	}
	switch {
	case len(there) == len(c.remaining):
		return r.recordMoved(c, Entry{Step: StepMoved, Chunk: i, ReadBack: true})
	case len(there) > 0:
		// Not all of them, so another client moved these.
		return r.write(Entry{Step: StepFound, Chunk: i, SIMs: there, ReadBack: true})
	}
	return r.write(Entry{Step: StepNotMoved, Chunk: i, ReadBack: true})
}

// locateLater tries again after a while: the request may still be running.
func (r *Runner) locateLater(ctx context.Context, c *chunkState) ([]int64, error) {
	if err := r.Throttle.Clock.Sleep(ctx, readBackDelay); err != nil {
		return nil, err
	}
	return r.locate(ctx, c)
}

// locate finds the SIMs of a chunk that are in the target.
func (r *Runner) locate(ctx context.Context, c *chunkState) (there []int64, err error) {
	ids := make([]int64, len(c.remaining))
	wanted := make(map[int64]bool, len(c.remaining))
	for k, s := range c.remaining {
		ids[k] = s.ID
		wanted[s.ID] = true
	}
	var found []int64
	err = r.Throttle.Persist(ctx, func(ctx context.Context) (err error) {
		found, err = r.Server.SIMsIn(ctx, r.Plan.Terms.Target.ID, ids)
		return err
	})
	for _, id := range found {
		if wanted[id] {
			there = append(there, id)
			delete(wanted, id)
		}
	}
	return there, err
}
