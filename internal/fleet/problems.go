package fleet

import (
	"cmp"
	"fmt"
	"slices"
)

// MaxProblems is the most problems that one error lists.
const MaxProblems = 1000

// Problems collects everything that is wrong with a request or a file, so that the client can
// fix it all at once. It keeps the first problems and counts the rest, to bound the memory. The
// zero value is ready to use.
type Problems struct {
	// Limit is the most problems that are kept; 0 means MaxProblems.
	Limit int

	total int
	kept  []placedProblem
}

type placedProblem struct {
	line int
	Problem
}

// Add adds a problem.
func (p *Problems) Add(code Code, format string, args ...any) { p.add(0, code, "", format, args) }

// AddAt adds a problem of a line of a file. The error lists the problems by line.
func (p *Problems) AddAt(line int, code Code, format string, args ...any) {
	p.add(line, code, fmt.Sprintf("line %d: ", line), format, args)
}

// AddAll adds problems and prefixes them with a place.
func (p *Problems) AddAll(place string, list []Problem) {
	for _, q := range list {
		p.Add(q.Code, "%s: %s", place, q.Message)
	}
}

func (p *Problems) add(line int, code Code, prefix, format string, args []any) {
	p.total++
	if p.total > cmp.Or(p.Limit, MaxProblems) {
		return
	}
	p.kept = append(p.kept, placedProblem{line, Problem{Code: code, Message: prefix + fmt.Sprintf(format, args...)}})
}

// Total returns the number of problems, including those that were not kept.
func (p *Problems) Total() int { return p.total }

// Err returns a ValidationFailed error with the problems, or nil if there are none.
func (p *Problems) Err() error { return p.As(ValidationFailed) }

// As returns what Err returns, with another code.
func (p *Problems) As(code Code) error {
	if p.total == 0 {
		return nil
	}
	slices.SortStableFunc(p.kept, func(a, b placedProblem) int { return cmp.Compare(a.line, b.line) })
	e := Errorf(code, "%s", p.kept[0].Message)
	for _, k := range p.kept {
		e.Problems = append(e.Problems, k.Problem)
	}
	if p.total > 1 {
		e.Message += fmt.Sprintf(" (%d problems in all)", p.total)
	}
	if more := p.total - len(p.kept); more > 0 {
		e.Problems = append(e.Problems, Problem{Code: ValidationFailed, Message: fmt.Sprintf("and %d more problems: fix these first", more)})
	}
	return e
}
