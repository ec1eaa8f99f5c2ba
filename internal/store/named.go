package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// namedSQL is a statement with so many parameters that it names them: ":sim_ids" stands for
// "$11".
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

// insertion returns the statement that inserts one row into a table: each column has the
// parameter of its name. rest follows the values.
func insertion(table, columns, rest string) namedSQL {
	return named(insertionText(table, columns, rest))
}

// insertionText returns the text of an insertion that is part of a larger statement.
func insertionText(table, columns, rest string) string {
	names := strings.Fields(columns)
	return "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (:" + strings.Join(names, ", :") + ") " + rest
}

// execNamed executes a statement with named parameters.
func (tx *Tx) execNamed(ctx context.Context, s namedSQL, p params) error {
	_, err := tx.execNamedRows(ctx, s, p)
	return err
}

// execNamedRows executes a statement with named parameters and returns the number of affected rows.
func (tx *Tx) execNamedRows(ctx context.Context, s namedSQL, p params) (rows int64, err error) {
	args, err := s.args(p)
	if err != nil {
		return 0, tx.recordErr(err)
	}
	return tx.execRows(ctx, s.text, args...)
}

// queryEachNamed calls queryEach for a statement with named parameters.
func (tx *Tx) queryEachNamed(ctx context.Context, s namedSQL, p params, scan func(rows) error) error {
	args, err := s.args(p)
	if err != nil {
		return tx.recordErr(err)
	}
	return tx.queryEach(ctx, s.text, args, scan)
}

// execReturning executes a statement with named parameters that returns one row, and scans it.
func (tx *Tx) execReturning(ctx context.Context, s namedSQL, p params, dest ...any) error {
	args, err := s.args(p)
	if err != nil {
		return tx.recordErr(err)
	}
	_, err = tx.queryRow(ctx, s.text, args, dest...)
	return err
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

// column returns one value of each item: an array that becomes a column of unnest.
func column[T, V any](items []T, value func(T) V) []V {
	values := make([]V, len(items))
	for i, item := range items {
		values[i] = value(item)
	}
	return values
}
