package httpapi

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
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
	// A Workspace with more than restFrom lists in the queue pauses after each list: as long as
	// the list took for one more, up to restMost times as long. So a flood of lists does not keep
	// a processor busy all the time. longestRest bounds the pause.
	restFrom    = 1
	restMost    = 3
	longestRest = 500 * time.Millisecond
)

// constant lists the operations that cost next to nothing. They are not queued.
var constant = map[string]bool{"GET /healthz": true, "GET /openapi.yaml": true, "GET /openapi.json": true}

// admission queues requests. Each caller and address has its own slots. Large requests take
// turns by Workspace, so a hundred of them from one Workspace delay another Workspace by only
// one.
type admission struct {
	limits    Limits
	callers   *limit.Gate
	addresses *limit.Gate
	lists     *limit.Gate // large lists while they are built
	bodies    *limit.Gate // large bodies while they are read
	answers   *limit.Gate // large lists until they are sent
	memory    *limit.Budget
	totals    totals
}

func newAdmission(l Limits, door *limit.Door) *admission {
	if door == nil {
		door = limit.NewDoor(l.PerCaller, l.PerAddress, l.Waiting)
	}
	cores := runtime.GOMAXPROCS(0)
	l.Large = cmp.Or(l.Large, max(1, cores-1))
	l.BodyMemory, l.BodyMemoryPerCaller = cmp.Or(l.BodyMemory, 24<<20), cmp.Or(l.BodyMemoryPerCaller, 4<<20)
	l.AnonymousBody, l.BodyRate = cmp.Or(l.AnonymousBody, 8<<10), cmp.Or(l.BodyRate, 4<<10)
	return &admission{
		limits:    l,
		callers:   door.Callers,
		addresses: door.Addresses,
		lists:     limit.NewGate(limit.Rules{Total: l.Large, PerParty: max(1, l.Large/2)}),
		bodies:    limit.NewGate(limit.Rules{Total: max(2, l.Large), PerParty: max(2, l.Large/2)}),
		answers:   limit.NewGate(limit.Rules{Total: answersAtOnce, PerParty: answersPerWorkspace}),
		memory:    limit.NewBudget(l.BodyMemory, l.BodyMemoryPerCaller),
	}
}

// place holds what a request has acquired.
type place struct {
	admission *admission
	caller    string   // a user, an application token or an address
	tenant    string   // for large requests: a Workspace or an address
	held      []func() // functions that release what is held
	large     func()   // releases the slot of a large request; nil without one
	anonymous bool
	read      bool // the body was read to its end
}

// admit waits for a free slot of the request's caller. It does not check permissions: a bearer
// with a valid signature counts for its caller, a forged one for the address.
//
// Errors: TooManyRequests.
func (a *api) admit(op operation, r *request) error {
	gate, name := a.admission.addresses, "address "+netaddr.Network(r.from)
	r.place = place{admission: a.admission, caller: name, tenant: name, anonymous: true}
	if op.need != identity.Public {
		if c, ok := a.control.BearerParty(bearerText(r.Request)); ok {
			gate = a.admission.callers
			r.place.caller, r.place.tenant, r.place.anonymous = c.Caller, c.Workspace, false
		}
	}
	party := r.place.caller
	if r.place.anonymous {
		party = limit.Anonymous(party)
	}
	r.Request = r.WithContext(limit.WithParty(r.Context(), party))
	if constant[op.pattern] {
		return nil
	}
	return r.hold(gate, r.place.caller)
}

// hold waits for a slot, which finish releases.
func (r *request) hold(gate *limit.Gate, party string) error {
	leave, err := r.wait(gate, party)
	if err == nil {
		r.place.held = append(r.place.held, leave)
	}
	return err
}

func (r *request) wait(gate *limit.Gate, party string) (func(), error) {
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
func (r *request) holdLarge(gate *limit.Gate) (err error) {
	if r.place.admission == nil || r.place.large != nil {
		return nil
	}
	r.place.large, err = r.wait(gate, r.place.tenant)
	return err
}

// holdList waits for a slot if the list may be large. The size of a Workspace's list is cached,
// so a small list does not wait even if the client asks for pages of thousands.
func (r *request) holdList(l fleet.List) error {
	a := r.place.admission
	if a == nil || l.PerPage <= largeItems || selective(l) || a.totals.small(r.place.tenant+r.URL.Path) {
		return nil
	}
	if err := r.hold(a.answers, r.place.tenant); err != nil {
		return err
	}
	if err := r.holdLarge(a.lists); err != nil {
		return err
	}
	leave, tenant, began := r.place.large, r.place.tenant, time.Now()
	r.place.large = func() {
		if rest := min(restMost, a.answers.WaitingOf(tenant)-restFrom); rest > 0 {
			a.lists.Pause(tenant, min(longestRest, time.Duration(rest)*time.Since(began)))
		}
		leave()
	}
	return nil
}

// selective reports whether a filter names its items individually.
func selective(l fleet.List) bool {
	for _, f := range l.Filters {
		switch f.Field.Name {
		case "id", "iccid", "iccid_with_luhn", "imsi", "msisdn", "eid":
			if f.Field.Kind == fleet.IntegerField || len(f.Value) >= 10*max(1, len(f.Texts)) {
				return true
			}
		}
	}
	return false
}

// floodPause delays the refusal of an anonymous request. Meanwhile it holds its slot, so an
// address that floods the server cannot retry immediately.
const floodPause = 50 * time.Millisecond

func (r *request) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// counted releases the slot of a large request once the response is built and only has to be
// sent.
func (r *request) counted() {
	if r.place.large != nil {
		r.place.large()
		r.place.large = nil
	}
}

// finish releases everything that the request holds.
func (r *request) finish() {
	r.counted()
	for _, give := range r.place.held {
		give()
	}
	r.place.held = nil
}

// errTooMuch returns the error for a body that finds no free memory.
func errTooMuch() error {
	return &fleet.Error{
		Code: fleet.Unavailable, Message: "Too many large request bodies at the moment: retry", RetryAfter: time.Second,
		Err: errors.New("the memory for bodies is used up"),
	}
}
