package offerload

import (
	"context"
	"fmt"
	"slices"
)

// Check compares the database with the responses that the clients have received. Offers may still
// be made.
//
//	I5   an offer that was acknowledged is there, and so is its answer
//	I6   it was made once, and answered once
//	I20  its SIMs are marked exactly while it is open; those that were accepted have moved, once, and
//	     no others; the ledger, the events and the audit log of both sides say so
func (l *Load) Check(ctx context.Context, database string) (wrong []string, err error) {
	before := l.known()
	s, err := read(ctx, database)
	if err != nil {
		return nil, err
	}
	k := checker{stored: s, fail: func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }}
	k.acknowledged(before)
	for _, o := range s.offers {
		k.offer(o)
		k.audit(o)
	}
	k.ledger()
	k.marks()
	l.update(func() { wrong = append(wrong, l.anomalies...) })
	return wrong, nil
}

// known returns the offers as they are known now.
func (l *Load) known() (list []offer) {
	l.update(func() {
		for _, o := range l.offers {
			list = append(list, *o)
		}
	})
	return list
}

type checker struct {
	*stored
	fail func(format string, args ...any)
}

// acknowledged compares the offers with the responses that the users have received.
func (k checker) acknowledged(known []offer) {
	made := make(map[string][]*storedOffer)
	for _, o := range k.offers {
		made[o.reference] = append(made[o.reference], o)
	}
	k.once(made)
	for _, o := range known {
		have := k.offers[o.id]
		switch {
		case o.refused && made[o.reference] != nil:
			k.fail("I7: %s was refused, and exists", o.reference)
		case o.id == 0:
		case have == nil:
			k.fail("I5: offer %d was acknowledged, and does not exist", o.id)
		case o.state != "" && have.state != o.state:
			k.fail("I5: offer %d was seen %s, and is %s", o.id, o.state, have.state)
		case o.accepted && (have.state == "pending" || have.entry == 0 && have.job == 0):
			k.fail("I5: the acceptance of offer %d was acknowledged, and the offer is %s with entry %d and job %d", o.id, have.state, have.entry, have.job)
		case len(have.sims) != len(o.sims):
			k.fail("I20: offer %d was made of %d SIMs, and has %d", o.id, len(o.sims), len(have.sims))
		}
	}
}

// once checks that no offer was made twice.
func (k checker) once(made map[string][]*storedOffer) {
	for reference, list := range made {
		if len(list) > 1 {
			k.fail("I6: %s was made %d times", reference, len(list))
		}
	}
}

// moves returns the entries that moved SIMs of an offer.
func (k checker) moves(o *storedOffer) []int64 {
	list := slices.Clone(k.jobs[o.job])
	if o.entry != 0 {
		list = append(list, o.entry)
	}
	return list
}

// offer compares the SIMs of an offer with the ledger and with its counts.
func (k checker) offer(o *storedOffer) {
	k.states(o, k.moved(o))
}

// moved counts how often each SIM of an offer was moved by its entries.
func (k checker) moved(o *storedOffer) map[int64]int {
	moved := make(map[int64]int)
	for _, id := range k.moves(o) {
		if k.entries[id] == nil {
			k.fail("I20: offer %d names entry %d, which moved none of its SIMs", o.id, id)
			continue
		}
		for sim, move := range k.entries[id].lines {
			moved[sim]++
			if _, has := o.sims[sim]; !has || move != [2]int64{o.source, o.target} {
				k.fail("I20: entry %d of offer %d moved SIM %d from %d to %d", id, o.id, sim, move[0], move[1])
			}
		}
	}
	return moved
}

// states compares the states of the SIMs of an offer with its moves and its counts.
func (k checker) states(o *storedOffer, moved map[int64]int) {
	counts := make(map[int]int)
	for sim, state := range o.sims {
		counts[state]++
		may := 0
		if state == accepted || o.state == "accepting" {
			may = 1
		}
		switch n := moved[sim]; {
		case n > may, state == accepted && n != 1:
			k.fail("I20: offer %d (%s) moved SIM %d %d times, and its state is %d", o.id, o.state, sim, n, state)
		case state == offered && !o.open(), state != offered && o.state == "pending":
			k.fail("I20: offer %d is %s, and the state of SIM %d is %d", o.id, o.state, sim, state)
		}
	}
	if !o.open() && (counts[accepted] != o.accepted || len(o.sims) != o.accepted+o.refused+o.gone) {
		k.fail("I20: offer %d counts %d, %d and %d of %d SIMs, and %d are accepted", o.id, o.accepted, o.refused, o.gone, len(o.sims), counts[accepted])
	}
}

// ends are the actions that the audit log has of an offer in each state, apart from offer.made.
var ends = map[string]string{
	"accepting": "offer.accepted", "accepted": "offer.accepted", "partly_accepted": "offer.accepted", "refused": "offer.refused",
	"cancelled_by_giver": "offer.cancelled", "expired": "offer.expired",
}

// audit checks that the audit log of both sides has the offer and its answer, each once.
func (k checker) audit(o *storedOffer) {
	want := map[string]int{"offer.made": 1}
	if end := ends[o.state]; end != "" {
		want[end] = 1
	}
	if o.job != 0 && !o.open() {
		want["offer.ended"] = 1
	}
	for _, action := range []string{"offer.made", "offer.accepted", "offer.refused", "offer.cancelled", "offer.expired", "offer.ended"} {
		for _, ws := range []int64{o.source, o.target} {
			if n := k.audited[audited{fmt.Sprint(o.id), action, ws}]; n != want[action] {
				k.fail("I20: the audit log of Workspace %d has %s of offer %d (%s) %d times, want %d", ws, action, o.id, o.state, n, want[action])
			}
		}
	}
}

// ledger checks that every entry belongs to an offer, and that both sides have it.
func (k checker) ledger() {
	owner := make(map[int64]*storedOffer)
	for _, o := range k.offers {
		for _, id := range k.moves(o) {
			if owner[id] != nil {
				k.fail("I20: offers %d and %d name entry %d", owner[id].id, o.id, id)
			}
			owner[id] = o
		}
	}
	for id, e := range k.entries {
		o, n := owner[id], len(e.lines)
		switch {
		case o == nil:
			k.fail("I20: entry %d moved SIMs and belongs to no offer", id)
		case len(e.sides) != 2 || e.sides[[2]int64{o.source, 0}] != n || e.sides[[2]int64{o.target, 1}] != n:
			k.fail("I20: entry %d of offer %d moved %d SIMs, and its sides are %v", id, o.id, n, e.sides)
		case len(e.events) != 2 || e.events[o.source] != 1 || e.events[o.target] != 1:
			k.fail("I20: entry %d of offer %d has events %v", id, o.id, e.events)
		}
	}
}

// marks checks that exactly the SIMs of open offers are marked, and that each SIM is where its last
// offer has left it.
func (k checker) marks() {
	open := make(map[int64]*storedOffer)
	for _, o := range k.offers {
		for sim := range o.sims {
			if o.open() {
				open[sim] = o
			}
		}
	}
	for id, s := range k.sims {
		o := open[id]
		want := int64(0)
		if o != nil && o.sims[id] == offered && s.workspace == o.source {
			want = o.id
		}
		if s.offer != want {
			k.fail("I20: SIM %d in Workspace %d is marked for offer %d, want %d", id, s.workspace, s.offer, want)
		}
	}
}
