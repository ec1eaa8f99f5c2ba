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

// Limits bound what one caller takes from the others. A zero takes the default.
type Limits struct {
	PerCaller           int   // requests of one user or application token at once; 8
	PerAddress          int   // requests without a valid bearer of one address at once; 8
	Waiting             int   // requests of either that wait; 64
	Large               int   // large requests at once; one less than there are processors
	BodyMemory          int64 // bytes of bodies in memory; 24 MiB
	BodyMemoryPerCaller int64 // the same for one caller; 4 MiB
	AnonymousBody       int64 // bytes of a body without a bearer; 8 KiB
	BodyRate            int64 // bytes a second at which a body must arrive; 4 KiB
}

const (
	// queueTime is how long a request waits for its turn, at most; half its time if that is less.
	queueTime = 10 * time.Second
	// anonymousAtOnce bounds the requests without a valid bearer of all addresses together.
	anonymousAtOnce = 128
	// waitingAtOnce bounds the requests that wait, of all callers together, and so their memory.
	waitingAtOnce = 1024
	// largeItems and largeBody are what makes a list and a body large.
	largeItems = 250
	largeBody  = 4 << 10
	// answersAtOnce and answersPerWorkspace bound the large lists that are in memory, until their
	// client has read them: up to 2 MB each.
	answersAtOnce       = 24
	answersPerWorkspace = 3
)

// constant are the operations that cost next to nothing: they wait for no turn.
var constant = map[string]bool{"GET /healthz": true, "GET /openapi.yaml": true, "GET /openapi.json": true}

// admission is how requests take turns. Callers and addresses have places of their own; large
// requests take turns by Workspace, so that one with a hundred of them delays another by one.
type admission struct {
	limits    Limits
	callers   *limit.Gate
	addresses *limit.Gate
	lists     *limit.Gate // large ones, while they are worked on
	bodies    *limit.Gate // the same for large bodies
	answers   *limit.Gate // large lists, until they are sent
	memory    *limit.Budget
	totals    totals
}

func newAdmission(l Limits) *admission {
	cores := runtime.GOMAXPROCS(0)
	l.PerCaller, l.PerAddress, l.Waiting = cmp.Or(l.PerCaller, 8), cmp.Or(l.PerAddress, 8), cmp.Or(l.Waiting, 64)
	l.Large = cmp.Or(l.Large, max(1, cores-1))
	l.BodyMemory, l.BodyMemoryPerCaller = cmp.Or(l.BodyMemory, 24<<20), cmp.Or(l.BodyMemoryPerCaller, 4<<20)
	l.AnonymousBody, l.BodyRate = cmp.Or(l.AnonymousBody, 8<<10), cmp.Or(l.BodyRate, 4<<10)
	return &admission{
		limits:    l,
		callers:   limit.NewGate(limit.Rules{PerParty: l.PerCaller, Queue: l.Waiting, QueueAll: waitingAtOnce}),
		addresses: limit.NewGate(limit.Rules{Total: anonymousAtOnce, PerParty: l.PerAddress, Queue: l.Waiting, QueueAll: waitingAtOnce}),
		lists:     limit.NewGate(limit.Rules{Total: l.Large, PerParty: max(1, l.Large/2)}),
		bodies:    limit.NewGate(limit.Rules{Total: max(2, l.Large), PerParty: max(2, l.Large/2)}),
		answers:   limit.NewGate(limit.Rules{Total: answersAtOnce, PerParty: answersPerWorkspace}),
		memory:    limit.NewBudget(l.BodyMemory, l.BodyMemoryPerCaller),
	}
}

// place is what a request holds while it is worked on.
type place struct {
	admission *admission
	caller    string   // who takes turns: a user, an application token or an address
	tenant    string   // the same for large requests: a Workspace or an address
	held      []func() // what is given back at the end
	large     func()   // gives the place of a large request back; nil without one
	anonymous bool
	read      bool // the body, to its end
}

// admit waits until the request's caller may have one more. Rights do not depend on it: a
// bearer counts once its signature is good, and a forged one counts for its address.
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

// hold waits for a place, which finish gives back.
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
		Code: fleet.TooManyRequests, Message: "Too many of your requests are being worked on; send fewer at once, or try again",
		RetryAfter: time.Second, Err: err,
	}
}

// holdLarge waits until the Workspace may have one more large request, once.
func (r *request) holdLarge(gate *limit.Gate) (err error) {
	if r.place.admission == nil || r.place.large != nil {
		return nil
	}
	r.place.large, err = r.wait(gate, r.place.tenant)
	return err
}

// holdList waits if the list may be large. How many items a Workspace has is remembered, so
// that a small one does not wait although it asks for pages of thousands.
func (r *request) holdList(l fleet.List) error {
	a := r.place.admission
	if a == nil || l.PerPage <= largeItems || selective(l) || a.totals.small(r.place.tenant+r.URL.Path) {
		return nil
	}
	if err := r.hold(a.answers, r.place.tenant); err != nil {
		return err
	}
	return r.holdLarge(a.lists)
}

// selective reports whether a filter names its items one by one.
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

// floodPause is how long the refusal of an anonymous request takes: an address that floods the
// server, and holds its places meanwhile, cannot send again at once.
const floodPause = 50 * time.Millisecond

func (r *request) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// counted gives the place of a large request back: the answer is made, and only to be sent.
func (r *request) counted() {
	if r.place.large != nil {
		r.place.large()
		r.place.large = nil
	}
}

// finish gives back all that the request holds.
func (r *request) finish() {
	r.counted()
	for _, give := range r.place.held {
		give()
	}
	r.place.held = nil
}

// errTooMuch is a body for which there is no memory.
func errTooMuch() error {
	return &fleet.Error{
		Code: fleet.Unavailable, Message: "Too many large bodies are in memory; try again", RetryAfter: time.Second,
		Err: errors.New("the memory for bodies is used up"),
	}
}
