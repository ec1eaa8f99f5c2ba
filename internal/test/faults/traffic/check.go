package traffic

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Checker compares the journal of clients with one database, again and again. It reads each ledger
// entry once.
//
//	I5  what was acknowledged is stored, with the same content
//	I6  a request has one effect, however often it was sent, and one reply
//	I7  a refused request and a dry run have no effect, and nothing is stored that was not requested
type Checker struct {
	// ClockJumps says that the times of entries prove nothing.
	ClockJumps bool

	last    int64 // the last entry that was read
	made    map[*Request][]*Entry
	changes map[int64][]change // by SIM, in the order of versions
	checked map[*Request]int   // the number of attempts at the last check
	wrong   []string
}

// change is one change of a SIM, at some instant between from and to.
type change struct {
	version  int64
	from, to time.Time
	was, is  state
}

// Check compares all that is new in the journal and in the database. No client may be running.
func (c *Checker) Check(ctx context.Context, database string, j *Journal) (wrong []string, err error) {
	list, err := Read(ctx, database, c.last)
	if err != nil {
		return nil, err
	}
	return c.compare(list, j), nil
}

func (c *Checker) compare(list []*Entry, j *Journal) []string {
	if c.made == nil {
		c.made, c.changes, c.checked = make(map[*Request][]*Entry), make(map[int64][]change), make(map[*Request]int)
	}
	c.wrong = j.TakeAnomalies()
	requests := j.Requests()
	f := newFinder(requests, c.made, c.ClockJumps)
	c.attribute(f, list)
	for _, r := range requests {
		if c.checked[r] == len(r.attempts) {
			continue
		}
		if other := f.sameEntry(r); other != nil {
			c.fail("I6: %v and %v both had the answer %s", other, r, r.Acknowledged().Location())
		}
		c.request(r)
		c.checked[r] = len(r.attempts)
	}
	return c.wrong
}

func (c *Checker) fail(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// attribute finds the request that made each entry, and records the changes of the SIMs.
func (c *Checker) attribute(f *finder, list []*Entry) {
	for _, e := range list {
		c.last = max(c.last, e.ID)
		r, a := f.find(e)
		if r == nil {
			c.fail("I7: ledger entry %d of user %d at %v, kind %d, moved %v to %d, but no accepted request asked for it, or it was done twice",
				e.ID, e.User, e.At, e.Kind, e.sims(), e.Target)
			continue
		}
		c.made[r] = append(c.made[r], e)
		delete(c.checked, r)
		for _, l := range e.Lines {
			if a != nil {
				c.changes[l.SIM] = append(c.changes[l.SIM], change{l.Version, e.At, a.Ended, state{l.Was, l.Unplugged}, state{l.Is, l.Plugged}})
			}
		}
	}
	for _, of := range c.changes {
		slices.SortFunc(of, func(a, b change) int { return cmp.Compare(a.version, b.version) })
	}
}

// request checks the replies to a request and its effect.
func (c *Checker) request(r *Request) {
	c.replies(r)
	entries := c.made[r]
	if len(entries) > 1 {
		c.fail("I6: %v took effect %d times, as ledger entries%s", r, len(entries), numbers(entries))
		return
	}
	if a := r.final(); a != nil {
		c.settled(a, entries)
	} else if len(entries) == 1 {
		c.effect(r, entries[0])
	}
}

// replies checks that all final replies to a request are the same. A refusal that is not stored
// under a key is decided again each time, until the request succeeds.
func (c *Checker) replies(r *Request) {
	first := r.final()
	if done := r.Acknowledged(); done != nil && first != done {
		c.fail("I6: %v succeeded, and was also answered %s", r, first.reply())
	}
	if first == nil || !first.stored() {
		return
	}
	for _, a := range r.attempts[slices.Index(r.attempts, first)+1:] {
		switch {
		case !a.Settled():
		case !a.Replayed():
			c.fail("I6: %v was answered %s, and later %s, which is not a replay", r, first.reply(), a.reply())
		case a.Status != first.Status || !bytes.Equal(a.Body, first.Body) || a.Location() != first.Location():
			c.fail("I6: %v had two answers: %s, and replayed %s", r, first.reply(), a.reply())
		}
	}
}

// settled compares the first final reply with the effect.
func (c *Checker) settled(a *Attempt, entries []*Entry) {
	r := a.Request
	switch {
	case a.Status >= http.StatusMultipleChoices || r.Kind == Preview || r.mustFail:
		if len(entries) > 0 {
			c.fail("I7: %v was answered %s, and made ledger entry%s", r, a.reply(), numbers(entries))
		}
	case r.Kind == Migrate && len(entries) == 0:
		c.fail("I5: %v was acknowledged as %s, which does not exist", r, a.Location())
	case r.Kind == Migrate:
		if text := a.differs(entries[0]); text != "" {
			c.fail("%s", text)
		}
	case len(entries) == 1:
		c.effect(r, entries[0])
	case len(r.sims) > 0 && !c.ClockJumps && !c.had(a):
		c.fail("I5: %v was acknowledged, and the SIM never stood like that then", r)
	}
}

// effect checks that an entry did what a request asks for.
func (c *Checker) effect(r *Request, e *Entry) {
	if text := r.differs(e); text != "" {
		c.fail("%s", text)
	}
}

// had reports whether a SIM may already have been as requested while the request ran, so that
// nothing was left to do. A SIM stays as it is from one change to the next, and each change
// happened at some instant between two known ones.
func (c *Checker) had(a *Attempt) bool {
	r := a.Request
	sent, ended := r.attempts[0].Sent, a.Ended
	h := c.changes[r.sims[0]]
	if len(h) == 0 {
		return r.unchanged(initial(r.sims[0]))
	}
	if r.unchanged(h[0].was) && !h[0].to.Before(sent) {
		return true
	}
	for i, m := range h {
		if r.unchanged(m.is) && !m.from.After(ended) && (i+1 == len(h) || !h[i+1].to.Before(sent)) {
			return true
		}
	}
	return false
}

func numbers(list []*Entry) (text string) {
	for _, e := range list {
		text += fmt.Sprintf(" %d", e.ID)
	}
	return text
}
