package store

import (
	"fmt"
	"regexp"
	"strings"
)

// namedSQL is a PostgreSQL statement with so many parameters that it names them: ":sim_ids"
// stands for "$11".
type namedSQL struct {
	text  string   // with numbers
	names []string // of $1, $2, ...
}

// A colon that is not half of a cast.
var placeholder = regexp.MustCompile(`([^:]):([a-z_]+)`)

// named numbers the parameters of a statement, in the order in which they first occur.
func named(text string) namedSQL {
	var s namedSQL
	numbers := map[string]int{}
	s.text = placeholder.ReplaceAllStringFunc(text, func(found string) string {
		before, name := found[:1], found[2:]
		if numbers[name] == 0 {
			s.names = append(s.names, name)
			numbers[name] = len(s.names)
		}
		return fmt.Sprintf("%s$%d", before, numbers[name])
	})
	return s
}

// params are the values of a statement's parameters, by name.
type params map[string]any

// add adds values for the names, which spaces separate. args refuses a name without a value.
func (p params) add(names string, values ...any) {
	for i, name := range strings.Fields(names) {
		if i < len(values) {
			p[name] = values[i]
		}
	}
}

// args returns the values in the order of the numbers. It fails if a parameter has no value, or
// a value no parameter.
func (s namedSQL) args(p params) ([]any, error) {
	args := make([]any, len(s.names))
	for i, name := range s.names {
		value, ok := p[name]
		if !ok {
			return nil, fmt.Errorf("the parameter :%s has no value", name)
		}
		args[i] = value
	}
	if len(p) != len(s.names) {
		return nil, fmt.Errorf("%d values for %d parameters", len(p), len(s.names))
	}
	return args, nil
}
