package fleet

import (
	"fmt"
)

// MaxSIMs is the maximum number of SIMs of one request.
const MaxSIMs = 500

// Selector selects the SIMs of a request, in exactly one of three forms. Create it with
// SelectSIMs, SelectICCIDs or SelectRange, which validate the input.
type Selector struct {
	SIMs   []SIMID
	ICCIDs []ICCID
	Range  *ICCIDRange
}

// Most returns how many SIMs the selector can select at most, to size buffers.
func (s Selector) Most() int {
	n := len(s.SIMs) + len(s.ICCIDs)
	if s.Range != nil {
		n += s.Range.Width()
	}
	return min(n, MaxSIMs)
}

// ICCIDRange is every number from Start to End, both included.
type ICCIDRange struct{ Start, End ICCID }

// Width returns how many numbers the range has.
func (r ICCIDRange) Width() int { return int(r.Start.distance(r.End)) + 1 }

// SelectSIMs selects SIMs by id, without duplicates, in the order of their first occurrence.
func SelectSIMs(ids []SIMID) (Selector, error) {
	once := Once(ids)
	if err := checkCount("sims", len(once)); err != nil {
		return Selector{}, err
	}
	return Selector{SIMs: once}, nil
}

// SelectICCIDs selects SIMs by ICCID. The error names the first ten invalid values with their
// positions, counted from 0 as in the JSON array.
func SelectICCIDs(values []string) (Selector, error) {
	ids := make([]ICCID, len(values))
	var problems []Problem
	for i, v := range values {
		id, err := ParseICCID(v)
		if err != nil && len(problems) < 10 {
			problems = append(problems, Problem{InvalidFormat, fmt.Sprintf("iccids[%d]: %v", i, err)})
		}
		ids[i] = id
	}
	if problems != nil {
		return Selector{}, &Error{Code: BadRequest, Field: "iccids", Message: problems[0].Message, Problems: problems}
	}
	once := Once(ids)
	if err := checkCount("iccids", len(once)); err != nil {
		return Selector{}, err
	}
	return Selector{ICCIDs: once}, nil
}

// SelectRange selects SIMs by a range of ICCIDs, both ends included.
func SelectRange(start, end string) (Selector, error) {
	from, err := ParseICCID(start)
	if err != nil {
		return Selector{}, Invalid("iccid_range.start", "%v", err)
	}
	to, err := ParseICCID(end)
	if err != nil {
		return Selector{}, Invalid("iccid_range.end", "%v", err)
	}
	if to < from { // equal length: strings sort like numbers
		return Selector{}, Invalid("iccid_range.end", "%s lies before start %s", to, from)
	}
	if d := from.distance(to); d >= MaxSIMs {
		return Selector{}, Invalid("iccid_range", "it spans %d numbers; at most %d are allowed in one request: split it", d+1, MaxSIMs)
	}
	return Selector{Range: &ICCIDRange{from, to}}, nil
}

func checkCount(field string, n int) error {
	switch {
	case n == 0:
		return Invalid(field, "the list is empty; name at least one SIM")
	case n > MaxSIMs:
		return Invalid(field, "%d SIMs are named; at most %d are allowed in one request: split it", n, MaxSIMs)
	}
	return nil
}

// Once removes duplicates and keeps the order.
func Once[T comparable](list []T) []T {
	seen := make(map[T]struct{}, len(list))
	once := make([]T, 0, len(list))
	for _, v := range list {
		if _, dup := seen[v]; !dup {
			seen[v] = struct{}{}
			once = append(once, v)
		}
	}
	return once
}
