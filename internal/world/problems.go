package world

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// problems collects the faults of a file. It keeps the first ones up to limit and counts the
// rest, to bound the memory.
type problems struct {
	limit int
	total int
	kept  []problem
}

type problem struct {
	line int
	fleet.Problem
}

func (p *problems) add(line int, code fleet.Code, format string, args ...any) {
	p.total++
	if p.total > p.limit {
		return
	}
	message := fmt.Sprintf("line %d: %s", line, fmt.Sprintf(format, args...))
	p.kept = append(p.kept, problem{line, fleet.Problem{Code: code, Message: message}})
}

// err returns nil if nothing was added.
func (p *problems) err() error {
	if p.total == 0 {
		return nil
	}
	slices.SortStableFunc(p.kept, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	e := fleet.Errorf(fleet.ValidationFailed, "%s", p.kept[0].Message)
	for _, k := range p.kept {
		e.Problems = append(e.Problems, k.Problem)
	}
	if p.total > 1 {
		e.Message += fmt.Sprintf(" (%d problems in all)", p.total)
	}
	if more := p.total - len(p.kept); more > 0 {
		e.Problems = append(e.Problems, fleet.Problem{
			Code:    fleet.ValidationFailed,
			Message: fmt.Sprintf("and %d more problems: fix these first", more),
		})
	}
	return e
}
