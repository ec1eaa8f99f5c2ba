package control

import "time"

// ShortSteps makes the steps of jobs as short as they ever are.
func (c *Control) ShortSteps() {
	forever := time.Now().Add(time.Hour)
	for what := range c.pace.cost {
		c.pace.worked(what, paceLeast, time.Hour, forever, true)
	}
}

// PacedSteps returns how many SIMs a step plans and moves, after steps that took some time for 100
// SIMs each, of which the last ended before now.
func PacedSteps(took, before time.Duration, waiting bool) (plans, moves int) {
	var p pace
	now := time.Now()
	for range 20 {
		p.worked(planning, 100, took, now, waiting)
		p.worked(moving, 100, 2*took, now, waiting)
		p.worked(moving, 1, time.Hour, now, false)
	}
	return p.most(planning, planSIMs, now.Add(before)), p.most(moving, chunkSIMs, now.Add(before))
}

// RestOf returns how long a server rests after a step, if others waited so long before its end.
func RestOf(took, before time.Duration, waiting bool) time.Duration {
	var p pace
	now := time.Now()
	p.worked(moving, 100, took, now, waiting)
	return p.rest(took, now.Add(before))
}
