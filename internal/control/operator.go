package control

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Operator implements the rules for the operator of the installation. They take no Principal:
// the commands may use them because they can open the database, and the operator API because
// its caller has sent one of the operator's tokens (Admit). Nothing else may use them.
type Operator struct {
	c      *Control
	tx     *store.Tx   // the transaction of Once; nil if each rule has its own
	actor  fleet.Actor // for the audit log, with token and origin
	token  string
	origin identity.Origin
}

// Operator returns the operator's rules over the same store, as used by the commands.
func (c *Control) Operator() Operator { return Operator{c: c, actor: fleet.ActorCommand} }

// update runs a rule in one transaction. It translates the database's constraint errors. A rule
// must set its results anew on each call, because the store calls it again after a conflict
// with another transaction.
func (o Operator) update(ctx context.Context, rule func(*store.Tx) error) error {
	if o.tx != nil {
		return constraintError(rule(o.tx))
	}
	return o.c.store.Update(ctx, func(tx *store.Tx) error {
		if tx.Unsure() {
			return lostAtTheEnd()
		}
		return constraintError(rule(tx))
	})
}

// read runs a read-only rule on one snapshot of the database.
func (o Operator) read(ctx context.Context, rule func(*store.Tx) error) error {
	if o.tx != nil {
		return rule(o.tx)
	}
	return o.c.store.View(ctx, rule)
}

// Once runs a write of the operator in one transaction. Unless k is zero, it has an idempotency
// key: the writes of the Operator that do gets, and the response, are stored together and once.
// do may run again. All tokens of the operator share the keys, so that a client can change
// tokens between attempts.
//
// Errors: those of do; KeyReused; KeyBusy with RetryAfter.
func (o Operator) Once(ctx context.Context, k Once, do func(Operator) (Reply, error)) (Reply, bool, error) {
	return o.c.once(ctx, identity.Principal{}, identity.Public, k, func(tx *store.Tx, _ identity.Principal) (answer, error) {
		if tx.Unsure() && k.Key == "" { // with a key, a committed attempt is already found above
			return answer{}, lostAtTheEnd()
		}
		o.tx = tx
		reply, err := do(o)
		return answer{reply: reply, keep: true}, err
	})
}

func lostAtTheEnd() error {
	return fleet.Errorf(fleet.Unavailable, "The connection to the database was lost during the commit: check whether the change was made before you repeat the request")
}

// constraintError replaces the database's text for a constraint that a rule did not check.
func constraintError(err error) error {
	switch store.Violated(err) {
	case store.NoViolation, store.Taken: // the store sets the text after reading again
		return err
	}
	return &fleet.Error{Code: fleet.Failed, Message: "The change refers to something that does not exist in the database", Err: err}
}

// maxProblems is the most problems that one refusal lists.
const maxProblems = 1000

// problems collects everything that is wrong with a request, so that the client can fix it all
// at once. It keeps the first ones and counts the rest.
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

// addAll adds problems and prefixes them with a place.
func (p *problems) addAll(place string, list []fleet.Problem) {
	for _, q := range list {
		p.add(q.Code, "%s: %s", place, q.Message)
	}
}

// err returns nil if there are no problems.
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
			Code: fleet.ValidationFailed, Message: fmt.Sprintf("and %d more problems: fix these first", more),
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
