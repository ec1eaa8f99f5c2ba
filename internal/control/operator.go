package control

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Operator holds the rules of whoever runs the installation. They ask for no Principal:
// the commands have them because they can open the database, the operator API because its
// caller has shown one of the operator's tokens (Admit). Nothing else may.
type Operator struct {
	c      *Control
	tx     *store.Tx   // that of Once, for what is done in it; nil where each rule has its own
	actor  fleet.Actor // for the audit log, with token and origin
	token  string
	origin identity.Origin
}

// Operator gives the operator's rules over the same store, as its commands use them.
func (c *Control) Operator() Operator { return Operator{c: c, actor: fleet.ActorCommand} }

// update runs a rule in one transaction. No error of a constraint comes out as the
// database words it. A rule must set what it answers anew each time it is run: the store
// runs it again where somebody else wrote between its look and its write.
func (o Operator) update(ctx context.Context, rule func(*store.Tx) error) error {
	if o.tx != nil {
		return worded(rule(o.tx))
	}
	return o.c.store.Update(ctx, func(tx *store.Tx) error {
		if tx.Unsure() {
			return lostAtTheEnd()
		}
		return worded(rule(tx))
	})
}

// read runs a rule that only looks, on one instant of the database.
func (o Operator) read(ctx context.Context, rule func(*store.Tx) error) error {
	if o.tx != nil {
		return rule(o.tx)
	}
	return o.c.store.View(ctx, rule)
}

// Once does a write of the operator in one transaction, under an idempotency key where the
// zero Once is not given: what is done with the Operator that do gets happens together with
// the answer, and once. do may be run again. All tokens of the operator share the keys, so
// that one that is exchanged on the way changes nothing.
//
// Errors: those of what do does; KeyReused; KeyBusy with RetryAfter.
func (o Operator) Once(ctx context.Context, k Once, do func(Operator) (Reply, error)) (Reply, bool, error) {
	return o.c.once(ctx, identity.Principal{}, identity.Public, k, func(tx *store.Tx, _ identity.Principal) (answer, error) {
		if tx.Unsure() && k.Key == "" { // with a key, an attempt that was stored has been found before
			return answer{}, lostAtTheEnd()
		}
		o.tx = tx
		reply, err := do(o)
		return answer{reply: reply, keep: true}, err
	})
}

func lostAtTheEnd() error {
	return fleet.Errorf(fleet.Unavailable, "The connection to the database was lost at the end: look whether it was done before you repeat it")
}

// worded replaces the database's words for a constraint that a rule did not foresee.
func worded(err error) error {
	switch store.Violated(err) {
	case store.NoViolation, store.Taken: // which the store words, after another look
		return err
	}
	return &fleet.Error{Code: fleet.Failed, Message: "The database does not take it, because of something that is missing", Err: err}
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
func (p *problems) err() error { return p.as(fleet.ValidationFailed) }

// as is err with another code.
func (p *problems) as(code fleet.Code) error {
	if p.total == 0 {
		return nil
	}
	e := fleet.Errorf(code, "%s", p.kept[0].Message)
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

func checkName(field, name string) error {
	if _, err := fleet.ParseName(name); err != nil {
		return fleet.Invalid(field, "%v", err)
	}
	return nil
}
