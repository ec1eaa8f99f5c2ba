package bulk

import (
	"context"
	"time"
)

// lastLook is how long an interrupted run takes to find out the truth.
const lastLook = 10 * time.Second

// settle finds out what happened to a chunk without a reply, by reading where its SIMs are. A
// request moves all or none, so this is certain.
func (r *Runner) settle(ctx context.Context, i int, c *chunkState) error {
	if ctx.Err() != nil { // interrupted: one more query, but a short one
		var done context.CancelFunc
		ctx, done = context.WithTimeout(context.WithoutCancel(ctx), lastLook)
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
	case len(there) == len(c.left):
		return r.arrived(c, Entry{Step: Arrived, Chunk: i, Settled: true})
	case len(there) > 0:
		// Not all, so it was another client's request.
		return r.write(Entry{Step: Found, Chunk: i, SIMs: there, Settled: true})
	}
	return r.write(Entry{Step: Stayed, Chunk: i, Settled: true})
}

// locateLater tries again after a while: the request may still be running.
func (r *Runner) locateLater(ctx context.Context, c *chunkState) ([]int64, error) {
	if err := r.Pace.Clock.Sleep(ctx, grace); err != nil {
		return nil, err
	}
	return r.locate(ctx, c)
}

// locate finds the SIMs of a chunk that are in the target.
func (r *Runner) locate(ctx context.Context, c *chunkState) (there []int64, err error) {
	ids := make([]int64, len(c.left))
	wanted := make(map[int64]bool, len(c.left))
	for k, s := range c.left {
		ids[k] = s.ID
		wanted[s.ID] = true
	}
	var found []int64
	err = r.Pace.Persist(ctx, func(ctx context.Context) (err error) {
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
