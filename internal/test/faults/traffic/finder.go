package traffic

import (
	"slices"
	"time"
)

// finder finds the request that made an entry.
type finder struct {
	clockJumps bool
	made       map[*Request][]*Entry   // found so far
	attempts   map[int64][]*Attempt    // by user, in the order of time
	requests   map[int64][]*Request    // by user
	locations  map[string]*Request     // the first that was acknowledged, by the entry that the reply names
	keys       map[requestKey]*Request // by user and key
}

type requestKey struct {
	user int64
	key  string
}

func newFinder(requests []*Request, made map[*Request][]*Entry, clockJumps bool) *finder {
	f := &finder{
		clockJumps: clockJumps, made: made, attempts: make(map[int64][]*Attempt), requests: make(map[int64][]*Request),
		locations: make(map[string]*Request), keys: make(map[requestKey]*Request),
	}
	for _, r := range requests {
		f.add(r)
	}
	for _, of := range f.attempts {
		slices.SortFunc(of, func(a, b *Attempt) int { return a.Sent.Compare(b.Sent) })
	}
	return f
}

func (f *finder) add(r *Request) {
	user := userID(r.Client)
	f.requests[user] = append(f.requests[user], r)
	f.attempts[user] = append(f.attempts[user], r.attempts...)
	if r.Key != "" {
		f.keys[requestKey{user, r.Key}] = r
	}
	a := r.Acknowledged()
	if a == nil || r.Kind != Migrate {
		return
	}
	if f.locations[a.Location()] == nil {
		f.locations[a.Location()] = r
	}
}

// sameEntry returns an earlier request whose reply names the same entry; nil for none.
func (f *finder) sameEntry(r *Request) *Request {
	a := r.Acknowledged()
	if a == nil || r.Kind != Migrate || f.locations[a.Location()] == r {
		return nil
	}
	return f.locations[a.Location()]
}

// find returns the request that made an entry, nil for none, and the attempt if it is known.
func (f *finder) find(e *Entry) (*Request, *Attempt) {
	if f.clockJumps {
		return f.byReply(e), nil
	}
	a := f.byTime(e)
	if a == nil {
		return nil, nil
	}
	return a.Request, a
}

// byTime returns the attempt of the entry's user during which the transaction began. A client waits
// for a reply before it sends the next request, and the time of a transaction lies between the two,
// so there is one at most.
func (f *finder) byTime(e *Entry) *Attempt {
	of := f.attempts[e.User]
	i, _ := slices.BinarySearchFunc(of, e.At, func(a *Attempt, at time.Time) int { return a.Ended.Compare(at) })
	if i == len(of) || of[i].Sent.Truncate(time.Microsecond).After(e.At) {
		return nil
	}
	return of[i]
}

// byReply returns the request whose reply names the entry, the one with its key, or one that has no
// final reply and asks for the same. Requests of equal effect are interchangeable.
func (f *finder) byReply(e *Entry) *Request {
	if r := f.locations[e.Location()]; r != nil {
		return r
	}
	if r := f.keys[requestKey{e.User, e.Key}]; r != nil {
		return r
	}
	for _, r := range f.requests[e.User] {
		if r.final() == nil && len(f.made[r]) == 0 && r.made(e) {
			return r
		}
	}
	return nil
}
