package jobload

import (
	"context"
	"fmt"
	"slices"
)

// Check compares the database with the responses that the clients have received. The jobs may
// still run.
//
//	I5   a job that was acknowledged is there, and so is a cancellation
//	I6   it was made once
//	I15  each of its SIMs has moved at most once, and the verdicts, the counts and the ledger agree
func (c *Load) Check(ctx context.Context, database string) (wrong []string, err error) {
	before := c.known()
	s, err := read(ctx, database)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := checker{stored: s, contested: c.acts, fail: func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }}
	for i, j := range before { // what was acknowledged before the tables were read must be there
		j.cancelled = c.made[i].cancelled
		k.acknowledged(&j)
	}
	k.once(c.made)
	for _, j := range s.jobs {
		k.job(j)
	}
	k.ledger()
	k.versions()
	return append(wrong, c.anomalies...), nil
}

// known returns the jobs as they are known now.
func (c *Load) known() (list []job) {
	c.update(func() {
		for _, j := range c.made {
			list = append(list, *j)
		}
	})
	return list
}

type checker struct {
	*stored
	contested bool // another user moves SIMs of one lane
	fail      func(format string, args ...any)
}

// acknowledged compares a job with the responses that its user has received.
func (k checker) acknowledged(j *job) {
	have := k.jobs[j.id]
	switch {
	case j.id == 0:
	case have == nil:
		k.fail("I5: job %d was acknowledged, and does not exist", j.id)
	default:
		k.selected(j, have)
		k.outcome(j, have)
	}
}

// once looks for jobs that no user has created, or that exist twice.
func (k checker) once(made []*job) {
	known, open := make(map[int64]bool), 0
	for _, j := range made {
		known[j.id] = true
		if j.id == 0 {
			open++ // it may have been made
		}
	}
	for id := range k.jobs {
		if !known[id] {
			open--
		}
	}
	if open < 0 {
		k.fail("I6: %d jobs more than were asked for", -open)
	}
}

// selected compares the rows of a job whose plan is complete with its selection.
func (k checker) selected(j *job, have *storedJob) {
	if have.state == "planning" || j.cancelled { // cancelled while it was planned, maybe
		return
	}
	sims := make([]int64, len(have.rows))
	for i, r := range have.rows {
		sims[i] = r.sim
	}
	slices.Sort(sims)
	if !slices.Equal(sims, j.sims) {
		k.fail("I15: job %d (%s) selected %d SIMs and has %d", j.id, j.what, len(j.sims), len(sims))
	}
}

// outcome compares how a job ended with what its user saw.
func (k checker) outcome(j *job, have *storedJob) {
	done := have.count(moved)
	switch {
	case j.state != "" && have.state != j.state:
		k.fail("I5: job %d was seen %s, and is %s", j.id, j.state, have.state)
	case j.doneAtEnd >= 0 && (have.state != "cancelled" || done != j.doneAtEnd):
		k.fail("I15: job %d was cancelled with %d SIMs done, and is %s with %d", j.id, j.doneAtEnd, have.state, done)
	case have.state == "completed" && done != len(have.rows):
		k.fail("I15: job %d is completed, and only %d of %d SIMs are done", j.id, done, len(have.rows))
	case have.state == "failed":
		k.fail("I12: job %d (%s) has failed", j.id, j.what)
	}
}

func (j *storedJob) count(verdict int64) (n int) {
	for _, r := range j.rows {
		if r.verdict == verdict {
			n++
		}
	}
	return n
}

// job compares the verdicts of a job with the ledger and with its progress.
func (k checker) job(j *storedJob) {
	if done := j.count(moved); k.whole(j) && int64(done) != j.done {
		k.fail("I15: job %d has moved %d SIMs, and its progress is %d", j.id, done, j.done)
	}
	for _, r := range j.rows {
		entry := k.lines[place{r.sim, r.version + 1}]
		switch {
		case r.verdict == moved && (entry == 0 || entry != r.entry || k.owner[entry] != j.id):
			k.fail("I15: job %d says that entry %d moved SIM %d, and the ledger has entry %d of job %d", j.id, r.entry, r.sim, entry, k.owner[entry])
		case r.verdict != moved && (r.entry != 0 || entry != 0 && k.owner[entry] == j.id):
			k.fail("I15: job %d moved SIM %d by entry %d, and its verdict is %d", j.id, r.sim, entry, r.verdict)
		case r.verdict == planned && j.done > 0 && r.pos <= j.cursor:
			k.fail("I15: job %d has come to position %d, and SIM %d before it is still planned", j.id, j.cursor, r.sim)
		}
	}
}

// whole reports whether nothing but jobs changes the SIMs of a job.
func (k checker) whole(j *storedJob) bool {
	return !k.contested || len(j.rows) == 0 || !contested(j.rows[0].sim)
}

// contested reports whether another user moves a SIM, if one does.
func contested(sim int64) bool { return (sim-firstSIM)/laneSIMs == lanes-1 }

// ledger compares the entries of the user who creates jobs, and does nothing else, with the jobs.
func (k checker) ledger() {
	for _, at := range k.twice {
		k.fail("I4: SIM %d has two lines for version %d", at.sim, at.version)
	}
	done := make(map[int64]int)
	for _, j := range k.jobs {
		for _, r := range j.rows {
			if r.verdict == moved {
				done[r.entry]++
			}
		}
	}
	for entry, lines := range k.sizes {
		switch {
		case k.owner[entry] == 0:
			k.fail("I15: entry %d belongs to no job", entry)
		case done[entry] != lines:
			k.fail("I15: entry %d of job %d moved %d SIMs, and the job says %d", entry, k.owner[entry], lines, done[entry])
		}
	}
}

// versions checks that the SIMs have changed once for each job that moved them. The SIMs of the
// contested lane change for other reasons, too.
func (k checker) versions() {
	times := make(map[int64]int64)
	for _, j := range k.jobs {
		for _, r := range j.rows {
			if r.verdict == moved {
				times[r.sim]++
			}
		}
	}
	for sim, version := range k.now {
		if k.contested && contested(sim) {
			continue
		}
		if version != times[sim] {
			k.fail("I15: jobs moved SIM %d %d times, and it is at version %d", sim, times[sim], version)
		}
	}
}
