package control

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Operator holds the rules of whoever runs the installation. They ask for no Principal:
// to be able to open the database is the permission. Only commands and the start of the
// server use them; nothing that listens on the network may.
type Operator struct {
	c      *Control
	actor  fleet.Actor // for the audit log, with origin
	origin identity.Origin
}

// Operator gives the operator's rules over the same store, as its commands use them.
func (c *Control) Operator() Operator { return Operator{c: c, actor: fleet.ActorCommand} }

// update runs a rule in one transaction. No error of a constraint comes out as the
// database words it. A rule must set what it answers anew each time it is run: the store
// runs it again where somebody else wrote between its look and its write.
func (o Operator) update(ctx context.Context, rule func(*store.Tx) error) error {
	return o.c.store.Update(ctx, func(tx *store.Tx) error {
		if tx.Unsure() {
			return fleet.Errorf(fleet.Unavailable, "The connection to the database was lost at the end: look whether it was done before you repeat it")
		}
		err := rule(tx)
		switch store.Violated(err) {
		case store.NoViolation, store.Taken: // which the store words, after another look
			return err
		}
		return &fleet.Error{Code: fleet.Failed, Message: "The database does not take it, because of something that is missing", Err: err}
	})
}

// maxProblems is how many particulars one refusal names.
const maxProblems = 1000

// problems collects everything that is wrong with a request, so that it is mended in one
// go. It keeps the first of them and counts the rest.
type problems struct {
	total int
	kept  []fleet.Problem
}

func (p *problems) add(code fleet.Code, format string, args ...any) {
	p.total++
	if p.total <= maxProblems {
		p.kept = append(p.kept, fleet.Problem{Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// addAll adds problems with a thing at a place.
func (p *problems) addAll(place string, list []fleet.Problem) {
	for _, q := range list {
		p.add(q.Code, "%s: %s", place, q.Message)
	}
}

// err is nil where nothing was added.
func (p *problems) err() error {
	if p.total == 0 {
		return nil
	}
	e := fleet.Errorf(fleet.ValidationFailed, "%s", p.kept[0].Message)
	e.Problems = p.kept
	if p.total > 1 {
		e.Message += fmt.Sprintf(" (%d problems in all)", p.total)
	}
	if more := p.total - len(p.kept); more > 0 {
		e.Problems = append(e.Problems, fleet.Problem{
			Code: fleet.ValidationFailed, Message: fmt.Sprintf("and %d more problems: mend these first", more),
		})
	}
	return e
}

// checkName keeps line breaks and other control characters out of lists and logs.
func checkName(field, name string) error {
	if strings.TrimSpace(name) == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return fleet.Invalid(field, "%q is no name: it must be some text in one line", name)
	}
	return nil
}
