package world

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// span is a run of numbers, both ends included, that an entry of the file uses. It costs the
// same for a million SIMs as for one.
type span struct {
	first, last uint64
	place
	name string // the key at fault
}

// checkNumbers checks that the ids and ICCIDs of all SIMs, listed or in ranges, are unique, and
// that ranges do not derive the same IMSI twice.
func (f *file) checkNumbers(p *fleet.Problems) {
	ids := f.spans("id", "first_id", func(s fleet.SIM) (uint64, bool) { return uint64(s.ID), s.ID != 0 })
	disjoint(p, ids, "%d", "id")
	iccids := f.spans("iccid", "first_iccid", func(s fleet.SIM) (uint64, bool) { return number(s.ICCID), s.ICCID != "" })
	if disjoint(p, iccids, "%019d", "ICCID") {
		disjoint(p, f.subscribers(), "%015d", "IMSI, which is the last 15 digits of the ICCID")
	}
}

// spans returns the numbers of all SIMs; num finds the number of a SIM; ok is false if it has none
// because decode refused it.
func (f *file) spans(simKey, rangeKey string, num func(fleet.SIM) (n uint64, ok bool)) []span {
	list := make([]span, 0, len(f.sims)+len(f.ranges))
	for _, e := range f.sims {
		if n, ok := num(e.value); ok {
			list = append(list, span{n, n, e.place, simKey})
		}
	}
	for _, e := range f.ranges {
		n, ok := num(fleet.SIM{ID: e.value.FirstID, ICCID: e.value.FirstICCID})
		if ok && e.value.Count > 0 {
			list = append(list, span{n, n + uint64(e.value.Count-1), e.place, rangeKey})
		}
	}
	return list
}

// subscribers returns the spans of the numbers that IMSIs are made of. A range that exceeds 15
// digits continues at zero and has two spans.
func (f *file) subscribers() []span {
	var list []span
	for _, e := range f.ranges {
		if e.value.FirstICCID == "" || e.value.Count == 0 {
			continue
		}
		first := subscriber(e.value.FirstICCID)
		last := first + uint64(e.value.Count-1)
		if last >= subscriberNumbers {
			list = append(list, span{0, last - subscriberNumbers, e.place, "first_iccid"})
			last = subscriberNumbers - 1
		}
		list = append(list, span{first, last, e.place, "first_iccid"})
	}
	return list
}

// disjoint reports the spans that share a number with another. It compares each with the
// farthest-reaching of those that start before it, so every overlap shows up once or more.
func disjoint(p *fleet.Problems, spans []span, digits, what string) bool {
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	clean, farthest := true, 0
	for i, s := range spans {
		if i > 0 && s.first <= spans[farthest].last {
			collision(p, spans[farthest], s, digits, what)
			clean = false
		}
		if s.last > spans[farthest].last {
			farthest = i
		}
	}
	return clean
}

// collision reports the span that is later in the file.
func collision(p *fleet.Problems, earlier, later span, digits, what string) {
	if later.line < earlier.line {
		earlier, later = later, earlier
	}
	numbers := fmt.Sprintf(digits, later.first)
	if later.last > later.first {
		numbers += fmt.Sprintf(" to "+digits, later.last)
	}
	p.AddAt(later.line, fleet.Duplicated, "%s: %s collides with %s (line %d): each SIM needs its own %s",
		later.key(later.name), numbers, earlier.path, earlier.line, what)
}
