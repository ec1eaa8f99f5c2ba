package limit

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// ErrFull reports that the queue is full.
var ErrFull = errors.New("the queue is full")

// Rules holds the limits of a Gate. Zero means unlimited.
type Rules struct {
	Total    int // running at once
	PerParty int // running at once for one party
	Queue    int // waiting, for one party
	QueueAll int // waiting, for all parties together

	// RestFrom slows a party down that has this many waiting, so that a flood does not keep every
	// processor busy. It rests after each that ran: its place stays taken for as long as that took,
	// and as long again for each RestFrom that wait, up to maxRest times. While it has more than
	// PerParty and RestFrom together, running or waiting, only a quarter of PerParty run at once.
	// It delays no other party.
	RestFrom int
}

const (
	maxRest     = 6
	longestRest = 500 * time.Millisecond
	floodShare  = 4 // a party that floods the gate has one in this many of its places
)

// Gate limits how many run at once; others wait. Parties take turns: one with a hundred waiting
// delays another by one of them, not by a hundred. A Gate is safe for concurrent use.
type Gate struct {
	rules Rules

	mu      sync.Mutex
	running int
	waiting int
	parties map[string]*party
	turns   list.List // of *party with waiting tickets, in the order of their turns
	counts  GateStats
}

// GateStats are the counts of a Gate.
type GateStats struct {
	Running, Waiting int
	Admitted         uint64        // that had to wait before
	Waited           time.Duration // by all of those together
	Full             uint64        // refused, because too many were waiting
	GaveUp           uint64        // whose context ended while they waited
}

// Stats returns the current counts.
func (g *Gate) Stats() GateStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.counts
	f.Running, f.Waiting = g.running, g.waiting
	return f
}

// party is one caller, address or other group that shares the Gate with others.
type party struct {
	name    string
	running int // with those that rest
	resting int
	waiting list.List // of *ticket, the longest wait first
	turn    *list.Element
}

// ticket is a waiting call of Enter. in is closed when it may run.
type ticket struct {
	in    chan struct{}
	place *list.Element
	since time.Time
}

// NewGate returns a Gate with these limits.
func NewGate(r Rules) *Gate {
	return &Gate{rules: r, parties: make(map[string]*party)}
}

// Enter waits until the party may run; leave must then be called once. Errors: ErrFull if too
// many are waiting; that of ctx if it ends first.
func (g *Gate) Enter(ctx context.Context, name string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	p := g.parties[name]
	if p == nil {
		p = &party{name: name}
		g.parties[name] = p
	}
	if p.waiting.Len() == 0 && g.free(p) {
		g.start(p)
		g.mu.Unlock()
		return g.leave(p), nil
	}
	if bound(p.waiting.Len()-p.resting, g.rules.Queue) || bound(g.waiting, g.rules.QueueAll) {
		g.counts.Full++
		g.mu.Unlock()
		return nil, ErrFull
	}
	t := g.wait(p)
	g.mu.Unlock()
	select {
	case <-t.in:
		return g.leave(p), nil
	case <-ctx.Done():
		g.giveUp(p, t)
		return nil, ctx.Err()
	}
}

func bound(n, most int) bool { return most > 0 && n >= most }

func (g *Gate) free(p *party) bool {
	return !bound(g.running, g.rules.Total) && !bound(p.running, g.places(p))
}

// places returns how many of a party may run at once now.
func (g *Gate) places(p *party) int {
	most := g.rules.PerParty
	if g.rules.RestFrom == 0 || p.running-p.resting+p.waiting.Len() <= most+g.rules.RestFrom {
		return most
	}
	return max(1, most/floodShare)
}

func (g *Gate) start(p *party) {
	g.running++
	p.running++
}

func (g *Gate) wait(p *party) *ticket {
	t := &ticket{in: make(chan struct{}), since: time.Now()}
	t.place = p.waiting.PushBack(t)
	g.waiting++
	if p.turn == nil {
		p.turn = g.turns.PushBack(p)
	}
	return t
}

// giveUp removes a ticket from the queue, or passes its place on if it was just admitted.
func (g *Gate) giveUp(p *party, t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.GaveUp++
	select {
	case <-t.in:
		g.end(p)
	default:
		g.dequeue(p, t.place)
		g.forget(p)
	}
}

func (g *Gate) dequeue(p *party, place *list.Element) {
	p.waiting.Remove(place)
	g.waiting--
	if p.waiting.Len() == 0 {
		g.turns.Remove(p.turn)
		p.turn = nil
	}
}

func (g *Gate) leave(p *party) func() {
	began := time.Now()
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if rest := g.rest(p, time.Since(began)); rest > 0 {
			p.running++
			p.resting++
			time.AfterFunc(rest, func() { g.rested(p) })
		}
		g.end(p)
	})
}

// rest returns how long a party rests after a run.
func (g *Gate) rest(p *party, took time.Duration) time.Duration {
	waiting := p.waiting.Len()
	if g.rules.RestFrom == 0 || waiting < g.rules.RestFrom {
		return 0
	}
	times := min(maxRest, 1+waiting/g.rules.RestFrom)
	return min(longestRest, time.Duration(times)*took)
}

// rested gives the place of a party back.
func (g *Gate) rested(p *party) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.running--
	p.resting--
	g.admit()
	g.forget(p)
}

func (g *Gate) end(p *party) {
	g.running--
	p.running--
	g.admit()
	g.forget(p)
}

func (g *Gate) forget(p *party) {
	if p.running == 0 && p.waiting.Len() == 0 {
		delete(g.parties, p.name)
	}
}

// admit lets tickets run while there is room, one per party in turn. A party that had its turn
// goes to the end.
func (g *Gate) admit() {
	for e := g.turns.Front(); e != nil && !bound(g.running, g.rules.Total); {
		p, _ := e.Value.(*party)
		next := e.Next()
		if g.free(p) {
			t, _ := p.waiting.Front().Value.(*ticket)
			g.turns.MoveToBack(e)
			g.dequeue(p, t.place)
			g.start(p)
			g.counts.Admitted++
			g.counts.Waited += time.Since(t.since)
			close(t.in)
			next = g.turns.Front()
		}
		e = next
	}
}

// WaitingOf returns how many of a party wait now.
func (g *Gate) WaitingOf(name string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.parties[name]; p != nil {
		return p.waiting.Len()
	}
	return 0
}

// Running returns how many run now.
func (g *Gate) Running() int { g.mu.Lock(); defer g.mu.Unlock(); return g.running }

// Waiting returns how many wait now.
func (g *Gate) Waiting() int { g.mu.Lock(); defer g.mu.Unlock(); return g.waiting }
