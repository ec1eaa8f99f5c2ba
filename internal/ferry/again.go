package ferry

import (
	"context"
	"fmt"
	"slices"
)

// Resume goes on with a run that was interrupted, or that was refused in part. The SIMs that
// were refused are tried again, after all others: somebody may have given a role back or
// taken a SIM out of its device. What is refused once more stays refused, and stops nothing.
//
// Unless Skip is set, it first asks about all that is left. What others have changed
// meanwhile is dropped at once, and the run stops with ErrRefused; the next Resume moves the
// others.
func (r *Runner) Resume(ctx context.Context) error {
	if err := r.tryAgain(); err != nil {
		return err
	}
	if !r.Skip {
		if err := r.survey(ctx); err != nil {
			return err
		}
	}
	return r.Run(ctx)
}

// tryAgain makes chunks of the SIMs that were refused.
func (r *Runner) tryAgain() error {
	ids := make([]int64, 0, len(r.State.dropped))
	for _, sim := range r.State.refused() {
		ids = append(ids, sim.ID)
	}
	for part := range slices.Chunk(ids, MaxChunk) {
		if err := r.write(Entry{Step: Again, Chunk: len(r.State.chunks), SIMs: part}); err != nil {
			return err
		}
	}
	return nil
}

// tried reports whether a chunk consists of SIMs that are tried again.
func (r *Runner) tried(i int) bool { return i >= len(r.Plan.Chunks) }

// survey asks about every chunk that is left, and drops the SIMs that may not move any more.
// Chunks in doubt are left to Run, which reads them back.
func (r *Runner) survey(ctx context.Context) error {
	dropped := 0
	for i := range r.Plan.Chunks {
		c := &r.State.chunks[i]
		if c.done() || c.doubt || c.doubted {
			continue
		}
		again := Planner{Server: r.Server, Pace: r.Pace, Terms: r.Plan.Terms}
		now, err := again.Plan(ctx, c.left)
		if err != nil {
			return err
		}
		if len(now.Against) > 0 {
			return fmt.Errorf("%w: %s", ErrRefused, now.Against[0].Message)
		}
		drop, there := drift(c.left, now)
		if len(there) > 0 {
			if err := r.write(Entry{Step: Found, Chunk: i, SIMs: there}); err != nil {
				return err
			}
		}
		if len(drop) > 0 {
			dropped += len(drop)
			if err := r.write(Entry{Step: Dropped, Chunk: i, Reasons: drop}); err != nil {
				return err
			}
		}
	}
	if dropped > 0 {
		return fmt.Errorf("%w: %d SIMs of those left may not move any more", ErrRefused, dropped)
	}
	return nil
}
