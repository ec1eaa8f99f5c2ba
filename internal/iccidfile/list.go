package iccidfile

import (
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// Number is an ICCID and its place.
type Number struct {
	ICCID fleet.ICCID
	Where Place
}

// Place is a line of a source; Line is 0 if the source has no lines, such as a flag.
type Place struct {
	Source string
	Line   int
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.Source
	}
	return fmt.Sprintf("%s:%d", p.Source, p.Line)
}

// Duplicate is an ICCID that was found more than once.
type Duplicate struct {
	Number
	First Place
}

// List is every ICCID once, in the order of the text.
type List struct {
	Numbers    []Number
	Duplicates []Duplicate

	seen map[fleet.ICCID]Place
}

// Add adds a number, or records that it is a duplicate.
func (l *List) Add(n Number) {
	if l.seen == nil {
		l.seen = make(map[fleet.ICCID]Place)
	}
	if first, there := l.seen[n.ICCID]; there {
		l.Duplicates = append(l.Duplicates, Duplicate{n, first})
		return
	}
	l.seen[n.ICCID] = n.Where
	l.Numbers = append(l.Numbers, n)
}

// Fault is one error in a text.
type Fault struct {
	Where   Place
	Message string
}

// Faults says why a text was refused: every fault with its line.
type Faults []Fault

// shownFaults is how many faults are shown.
const shownFaults = 20

func (f Faults) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s was not used, because of %s:", f[0].Where.Source, counted(len(f), "fault", "faults"))
	for _, fault := range f[:min(len(f), shownFaults)] {
		if fault.Where.Line > 0 {
			fmt.Fprintf(&b, "\n  line %d: %s", fault.Where.Line, fault.Message)
		} else {
			fmt.Fprintf(&b, "\n  %s", fault.Message)
		}
	}
	if rest := len(f) - shownFaults; rest > 0 {
		fmt.Fprintf(&b, "\n  and %d more", rest)
	}
	return b.String()
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
