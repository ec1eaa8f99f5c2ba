package operator

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
)

// checkRanges reports a missing Workspace once per range, not once per SIM.
func (a *worldRun) checkRanges() {
	for i, r := range a.world.Ranges {
		place := fmt.Sprintf("sim_ranges[%d]", i)
		a.missing(place, "workspace", r.Workspace)
		a.missing(place, "issuer", r.Issuer)
	}
}

// applySIMs generates the SIMs of ranges one by one, because there may be millions.
func (a *worldRun) applySIMs(ctx context.Context, uid string) error {
	in, err := newIntake(ctx, a.tx, a.workspaces, &a.problems)
	if err != nil {
		return err
	}
	batch := make([]fleet.SIM, 0, intakeBatch)
	take := func() error {
		err := in.take(ctx, batch, func(i int) string { return fmt.Sprintf("SIM %d", batch[i].ID) })
		batch = batch[:0]
		return err
	}
	for s := range a.world.AllSIMs() {
		if batch = append(batch, s); len(batch) == intakeBatch {
			if err := take(); err != nil {
				return err
			}
		}
	}
	if err := take(); err != nil {
		return err
	}
	if err := a.problems.Err(); err != nil {
		return err
	}
	a.done.SIMs = Tally{Added: in.sum.SIMs, Kept: in.kept}
	return in.finish(ctx, uid)
}
