package httpx

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/netaddr"
)

// Limits bound what one caller can take from the others. Zero values select the defaults.
type Limits struct {
	PerCaller           int   // concurrent requests of one user or application token; 8
	PerAddress          int   // concurrent requests of one address without a valid bearer; 8
	Waiting             int   // queued requests of one caller or address; 64
	Large               int   // concurrent large requests; the number of processors minus one
	BodyMemory          int64 // bytes of request bodies in memory; 24 MiB
	BodyMemoryPerCaller int64 // the same for one caller; 4 MiB
	AnonymousBody       int64 // maximum body size without a bearer, in bytes; 8 KiB
	BodyRate            int64 // minimum rate of a body in bytes per second; 4 KiB
}

const (
	// queueTime is the longest time that a request waits in the queue, or half of its timeout
	// if that is shorter.
	queueTime = 10 * time.Second
	// largeItems and largeBody are the sizes from which a list or a body counts as large.
	largeItems = 250
	largeBody  = 4 << 10
	// answersAtOnce and answersPerWorkspace bound the large lists (up to 2 MB each) that stay
	// in memory until the client has received them.
	answersAtOnce       = 24
	answersPerWorkspace = 3
)

// admission queues requests. Each caller and address has its own slots. Large requests take
// turns by Workspace, so a hundred of them from one Workspace delay another Workspace by only
// one.
type admission struct {
	limits    Limits
	callers   *limit.Gate
	addresses *limit.Gate
	lists     *limit.Gate // large lists, and pages of streams, while they are made
	bodies    *limit.Gate // large bodies while they are read
	uploads   *limit.Gate // spooled bodies until their request ends
	work      *limit.Gate // spooled bodies that have arrived
	answers   *limit.Gate // large lists until they are sent
	memory    *limit.Budget
	streams   *limit.Budget // responses that are written piece by piece
	totals    totals
}

func newAdmission(l Limits, gates *limit.Gates) *admission {
	if gates == nil {
		gates = limit.NewGates(l.PerCaller, l.PerAddress, l.Waiting)
	}
	cores := runtime.GOMAXPROCS(0)
	if l.Large != 0 {
		gates.Pages = limit.NewPages(l.Large)
	}
	l.Large = cmp.Or(l.Large, max(1, cores-1))
	if l.BodyMemory != 0 || l.BodyMemoryPerCaller != 0 {
		gates.Memory = limit.NewBudget(cmp.Or(l.BodyMemory, limit.BodyMemory), cmp.Or(l.BodyMemoryPerCaller, limit.BodyMemoryOfCaller))
	}
	l.AnonymousBody, l.BodyRate = cmp.Or(l.AnonymousBody, 8<<10), cmp.Or(l.BodyRate, 4<<10)
	return &admission{
		limits:    l,
		callers:   gates.Callers,
		addresses: gates.Addresses,
		lists:     gates.Pages,
		bodies:    limit.NewGate(limit.Rules{Total: max(2, l.Large), PerParty: max(2, l.Large/2)}),
		uploads:   gates.Uploads,
		work:      gates.Lists,
		answers:   limit.NewGate(limit.Rules{Total: answersAtOnce, PerParty: answersPerWorkspace}),
		memory:    gates.Memory,
	}
}

// place holds what a request has acquired.
type place struct {
	admission *admission
	caller    string   // a user, an application token or an address
	workspace string   // for large requests: a Workspace or an address
	releases  []func() // each releases one slot or budget that the request has taken
	stream    func()   // releases the place of a stream; nil without one
	large     func()   // releases the slot of a large request; nil without one
	anonymous bool
	read      bool // the body was read to its end
}

// Admit waits for a free slot of the caller, a user or an application token, or of the client's
// address if caller is "". A large request counts for the workspace of the caller. A request that
// costs next to nothing is free: it does not wait.
//
// Errors: TooManyRequests.
func (s *Server) Admit(r *Request, caller, workspace string, free bool) error {
	gate, name := s.admission.addresses, "address "+netaddr.Network(r.From)
	r.place = place{admission: s.admission, caller: name, workspace: name, anonymous: caller == ""}
	party := limit.Anonymous(name)
	if caller != "" {
		gate, party = s.admission.callers, caller
		r.place.caller, r.place.workspace = caller, workspace
	}
	r.Request = r.WithContext(limit.WithParty(r.Context(), party))
	if free {
		return nil
	}
	return r.hold(gate, r.place.caller)
}

// hold waits for a slot, which finish releases.
func (r *Request) hold(gate *limit.Gate, party string) error {
	leave, err := r.wait(gate, party)
	if err == nil {
		r.place.releases = append(r.place.releases, leave)
	}
	return err
}

func (r *Request) wait(gate *limit.Gate, party string) (func(), error) {
	ctx, most := r.Context(), queueTime
	if end, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(end)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	leave, err := gate.Enter(ctx, party)
	switch {
	case err == nil:
		return leave, nil
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	}
	return nil, &fleet.Error{
		Code: fleet.TooManyRequests, Message: "Too many concurrent requests: send fewer at a time, or retry",
		RetryAfter: time.Second, Err: err,
	}
}

// holdLarge waits for a slot for large requests, once per request.
func (r *Request) holdLarge(gate *limit.Gate) (err error) {
	if r.place.admission == nil || r.place.large != nil {
		return nil
	}
	r.place.large, err = r.wait(gate, r.place.workspace)
	return err
}

// holdList waits for a slot if the list may be large. The size of a Workspace's list is cached,
// so a small list does not wait even if the client asks for pages of thousands.
func (r *Request) holdList(l fleet.List) error {
	a := r.place.admission
	if a == nil || l.PerPage <= largeItems || l.Selective() || a.totals.small(r.place.workspace+r.URL.Path) {
		return nil
	}
	if err := r.hold(a.answers, r.place.workspace); err != nil {
		return err
	}
	return r.holdLarge(a.lists)
}

// Turn waits until a page of a streamed response may be made: like large lists, pages take turns by
// Workspace. leave must be called when the page is made, before it is sent.
func (r *Request) Turn(ctx context.Context) (leave func(), err error) {
	a := r.place.admission
	if a == nil {
		return func() {}, nil
	}
	return a.lists.Enter(ctx, r.place.workspace)
}

// floodPause delays the refusal of an anonymous request, and that of one more stream. Meanwhile the
// request holds its slot, so that a client which floods the server cannot retry immediately.
const floodPause = 50 * time.Millisecond

// counted releases the slot of a large request once the response is built and only has to be
// sent.
func (r *Request) counted() {
	if r.place.large != nil {
		r.place.large()
		r.place.large = nil
	}
}

// finish releases everything that the request holds.
func (r *Request) finish() {
	r.leaveQueue()
	if r.place.stream != nil {
		r.place.stream()
		r.place.stream = nil
	}
}

// leaveQueue releases everything but the place of a stream.
func (r *Request) leaveQueue() {
	r.counted()
	for _, give := range r.place.releases {
		give()
	}
	r.place.releases = nil
}

// errTooMuch returns the error for a body that finds no free memory.
func errTooMuch() error {
	return &fleet.Error{
		Code: fleet.Unavailable, Message: "Too many large request bodies at the moment: retry", RetryAfter: time.Second,
		Err: errors.New("the memory for bodies is used up"),
	}
}
