package bulk

import (
	"context"
	"fmt"
	"slices"
)

// Resume continues a run that was interrupted or refused in part. Refused SIMs are tried again,
// after all others: a role may have been restored, or a SIM taken out of its device. SIMs
// that are refused again stay refused and do not stop the run.
//
// Unless Skip is set, it first previews all SIMs that are left. SIMs that others have changed
// meanwhile are dropped at once, and the run stops with ErrRefused; the next Resume moves the
// rest.
func (r *Runner) Resume(ctx context.Context) error {
	if err := r.retryRefused(); err != nil {
		return err
	}
	if !r.Skip {
		if err := r.previewRemaining(ctx); err != nil {
			return err
		}
	}
	return r.Run(ctx)
}

// retryRefused makes chunks of the SIMs that were refused.
func (r *Runner) retryRefused() error {
	ids := make([]int64, 0, len(r.State.dropped))
	for _, sim := range r.State.refused() {
		ids = append(ids, sim.ID)
	}
	for part := range slices.Chunk(ids, MaxChunk) {
		if err := r.write(Entry{Step: StepRetry, Chunk: len(r.State.chunks), SIMs: part}); err != nil {
			return err
		}
	}
	return nil
}

// isRetry reports whether a chunk consists of SIMs that are tried again.
func (r *Runner) isRetry(i int) bool { return i >= len(r.Plan.Chunks) }

// previewRemaining previews everything that is left and drops the SIMs that may not move any more.
// Chunks in doubt are left to Run, which reads them back.
func (r *Runner) previewRemaining(ctx context.Context) error {
	var left []SIM
	for i := range r.Plan.Chunks {
		if c := &r.State.chunks[i]; c.knownNotMoved() {
			left = append(left, c.remaining...)
		}
	}
	if len(left) == 0 {
		return nil
	}
	again := Planner{Server: r.Server, Throttle: r.Throttle, Terms: r.Plan.Terms, Progress: r.PreviewProgress}
	now, err := again.Plan(ctx, left)
	if err != nil {
		return err
	}
	if len(now.TargetReasons) > 0 {
		return fmt.Errorf("%w: %s", ErrRefused, now.TargetReasons[0].Message)
	}
	drop, there := drift(left, now)
	for i := range r.Plan.Chunks {
		if c := &r.State.chunks[i]; c.knownNotMoved() {
			if err := r.recordDrift(i, c, drop, there); err != nil {
				return err
			}
		}
	}
	if len(drop) > 0 {
		return fmt.Errorf("%w: %d of the remaining SIMs may no longer move", ErrRefused, len(drop))
	}
	return nil
}

// knownNotMoved reports whether the rest of a chunk surely has not moved.
func (c *chunkState) knownNotMoved() bool { return !c.done() && !c.unknown && !c.wasUnknown }

// recordDrift records which SIMs of one chunk are in the target, or may not move.
func (r *Runner) recordDrift(i int, c *chunkState, drop map[int64][]Reason, there []int64) error {
	var found []int64
	reasons := make(map[int64][]Reason)
	for _, s := range c.remaining {
		if why := drop[s.ID]; why != nil {
			reasons[s.ID] = why
		} else if slices.Contains(there, s.ID) {
			found = append(found, s.ID)
		}
	}
	if len(found) > 0 {
		if err := r.write(Entry{Step: StepFound, Chunk: i, SIMs: found}); err != nil {
			return err
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return r.write(Entry{Step: StepDropped, Chunk: i, Reasons: reasons})
}
