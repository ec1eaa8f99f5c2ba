package fleet

import (
	"fmt"
)

// MaxSIMs is how many SIMs one request may name.
const MaxSIMs = 500

// Selector says which SIMs a request names, in exactly one of its three forms. Make one
// with SelectSIMs, SelectICCIDs or SelectRange: those refuse what the contract refuses.
type Selector struct {
	SIMs   []SIMID
	ICCIDs []ICCID
	Range  *ICCIDRange
}

// ICCIDRange is every number from Start to End, both included.
type ICCIDRange struct{ Start, End ICCID }

// Width returns how many numbers the range has.
func (r ICCIDRange) Width() int { return int(r.Start.distance(r.End)) + 1 }

// SelectSIMs names SIMs by id, each once, in the order of their first mention.
func SelectSIMs(ids []SIMID) (Selector, error) {
	once := Once(ids)
	if err := checkCount("sims", len(once)); err != nil {
		return Selector{}, err
	}
	return Selector{SIMs: once}, nil
}

// SelectICCIDs names SIMs by ICCID. Offending values are named with their positions,
// counted from 0 as in the JSON array, the first ten of them.
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

// SelectRange names SIMs by a run of ICCIDs, both ends included.
func SelectRange(start, end string) (Selector, error) {
	from, err := ParseICCID(start)
	if err != nil {
		return Selector{}, Invalid("iccid_range.start", "%v", err)
	}
	to, err := ParseICCID(end)
	if err != nil {
		return Selector{}, Invalid("iccid_range.end", "%v", err)
	}
	if to < from { // equal length, so the order of the strings is that of the numbers
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

// Once keeps the first of equal values.
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
