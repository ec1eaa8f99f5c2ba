package load

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Check compares the ledger with the clients' journal. Each client is a user and waits for a
// reply before it sends the next request, and a transaction's time lies between the two, so
// each entry belongs to exactly one attempt.
//
//	I5  what was acknowledged is stored, with the same content
//	I6  a request has one effect, however often it was sent, and one reply
//	I7  a refused request and a dry run have no effect
func (j *Journal) Check(list []*Entry, fail func(format string, args ...any)) {
	c := checker{fail: fail, history: make(map[int64][]moment)}
	c.attribute(j.all, list)
	c.tell(list)
	for _, r := range j.all {
		c.request(r)
	}
}

type checker struct {
	fail    func(string, ...any)
	history map[int64][]moment // by SIM, in the order of versions
}

// moment is one change of a SIM, at some instant between from and to.
type moment struct {
	version  int64
	from, to time.Time
	was, is  patched
}

// patched is what a patch or a plug asks for: a status, a device.
type patched struct{ status, device int64 }

// attribute finds the attempt that made each entry.
func (c *checker) attribute(all []*Request, list []*Entry) {
	attempts := make(map[int64][]*Attempt) // by user, in order of time
	for _, r := range all {
		attempts[userID(r.Client)] = append(attempts[userID(r.Client)], r.attempts...)
	}
	for _, of := range attempts {
		slices.SortFunc(of, func(a, b *Attempt) int { return a.Sent.Compare(b.Sent) })
	}
	for _, e := range list {
		if e.User == 0 {
			continue // the import
		}
		of := attempts[e.User]
		i, _ := slices.BinarySearchFunc(of, e.At, func(a *Attempt, at time.Time) int { return a.Ended.Compare(at) })
		if i == len(of) || of[i].Sent.Truncate(time.Microsecond).After(e.At) {
			c.fail("I6: ledger entry %d of user %d at %v was made by no request", e.ID, e.User, e.At)
			continue
		}
		e.attempt = of[i]
		of[i].entries = append(of[i].entries, e)
	}
}

// tell builds the history of every SIM.
func (c *checker) tell(list []*Entry) {
	for _, e := range list {
		if e.attempt == nil {
			continue
		}
		for _, l := range e.Lines {
			c.history[l.SIM] = append(c.history[l.SIM], moment{
				l.Version, e.At, e.attempt.Ended, patched{l.Was, l.Unplugged}, patched{l.Is, l.Plugged},
			})
		}
	}
	for _, h := range c.history {
		slices.SortFunc(h, func(a, b moment) int { return cmp.Compare(a.version, b.version) })
	}
}

func (c *checker) request(r *Request) {
	var entries []*Entry
	var first *Attempt // the first settled attempt
	for _, a := range r.attempts {
		entries = append(entries, a.entries...)
		if !a.Settled() {
			continue
		}
		if first == nil {
			first = a
			continue
		}
		c.again(first, a)
	}
	if len(entries) > 1 {
		c.fail("I6: %s took effect %d times, as ledger entries %s", r, len(entries), ids(entries))
		return
	}
	if first != nil {
		c.settled(first, entries)
	}
}

// again compares a reply under a key with the first one.
func (c *checker) again(first, a *Attempt) {
	r := a.Request
	switch kept := first.Status < 300 || first.Status == http.StatusConflict; {
	case !kept: // each attempt is decided anew
	case !a.Replayed():
		c.fail("I6: %s was answered %d, and later %d, which is not a replay", r, first.Status, a.Status)
	case a.Status != first.Status || !bytes.Equal(a.Body, first.Body) || a.Header.Get("Location") != first.Header.Get("Location"):
		c.fail("I6: %s was answered %d %s, and replayed as %d %s", r, first.Status, clip(first.Body), a.Status, clip(a.Body))
	}
}

func (c *checker) settled(a *Attempt, entries []*Entry) {
	r := a.Request
	switch {
	case a.Status >= 500:
		c.fail("%s was answered %d: %s", r, a.Status, clip(a.Body))
	case a.Status >= 300 || r.Kind == Preview:
		if len(entries) > 0 {
			c.fail("I7: %s was answered %d, and made ledger entry %s", r, a.Status, ids(entries))
		}
	case r.Kind == Migrate:
		c.migrated(a, entries)
	case len(entries) == 1:
		c.changed(r, entries[0])
	case r.SIM != 0 && !c.had(a):
		c.fail("I5: %s was acknowledged, and the SIM never stood like that then", r)
	}
}

// migrated compares an acknowledged migration with its entry.
func (c *checker) migrated(a *Attempt, entries []*Entry) {
	r := a.Request
	if len(entries) == 0 {
		c.fail("I5: %s was acknowledged as %s, and no ledger entry is there", r, a.Header.Get("Location"))
		return
	}
	e := entries[0]
	if want := "/api/v1/migration/" + strconv.FormatInt(e.ID, 10); a.Header.Get("Location") != want {
		c.fail("I5: %s was acknowledged as %s, and is %s", r, a.Header.Get("Location"), want)
	}
	sims := simsOf(a.Body)
	if e.Kind != migrationEntry || e.Target != r.Target || len(sims) != len(e.Lines) || e.SIMs != len(sims) {
		c.fail("I5: %s was acknowledged with %d SIMs, and entry %d has %d lines of %d to %d", r, len(sims), e.ID, len(e.Lines), e.SIMs, e.Target)
		return
	}
	for i, s := range sims {
		l := e.Lines[i]
		if s.ID != l.SIM || s.Source.ID != l.From || s.Status.ID != l.Was || s.Endpoint.ID != l.Unplugged || l.To != r.Target || l.Plugged != 0 {
			c.fail("I5: %s was acknowledged with SIM %+v, and entry %d has %+v", r, s, e.ID, l)
			return
		}
	}
}

// changed compares an acknowledged patch or plug with its entry.
func (c *checker) changed(r *Request, e *Entry) {
	if len(e.Lines) != 1 {
		c.fail("I5: %s was acknowledged, and ledger entry %d has %d lines", r, e.ID, len(e.Lines))
		return
	}
	l := e.Lines[0]
	var right bool
	switch {
	case r.Kind == Patch:
		right = e.Kind == statusEntry && l.SIM == r.SIM && l.Is == r.Status && l.Plugged == l.Unplugged
	case r.SIM == 0:
		right = e.Kind == detachEntry && l.Unplugged == r.Device && l.Plugged == 0 && l.Is == l.Was
	default:
		right = e.Kind == attachEntry && l.SIM == r.SIM && l.Unplugged == 0 && l.Plugged == r.Device
	}
	if !right || l.From != l.To {
		c.fail("I5: %s was acknowledged, and ledger entry %d of kind %d is %+v", r, e.ID, e.Kind, l)
	}
}

// had reports whether a SIM may already have been as requested while the request ran, so that
// nothing was left to do. A SIM stays as it is from one change to the next, and each change
// happened at some instant between two known ones.
func (c *checker) had(a *Attempt) bool {
	r := a.Request
	sent, ended := r.attempts[0].Sent, a.Ended
	asked := func(s patched) bool {
		return r.Kind == Patch && s.status == r.Status || r.Kind == Plug && s.device == r.Device
	}
	h := c.history[r.SIM]
	if len(h) == 0 {
		return asked(patched{1, deviceFirst + r.SIM - hotFirst}) // as in the world file
	}
	if asked(h[0].was) && !h[0].to.Before(sent) {
		return true
	}
	for i, m := range h {
		if asked(m.is) && !m.from.After(ended) && (i+1 == len(h) || !h[i+1].to.Before(sent)) {
			return true
		}
	}
	return false
}

func (r *Request) String() string {
	key := "without a key"
	if r.Key != "" {
		key = "with key " + strconv.Quote(r.Key)
	}
	return fmt.Sprintf("client %d's %s %s %s %s", r.Client, r.Method, r.Path, clip([]byte(r.Body)), key)
}

func ids(list []*Entry) string {
	text := ""
	for _, e := range list {
		text += fmt.Sprintf(" %d", e.ID)
	}
	return text
}

func clip(b []byte) string {
	const most = 160
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}
