package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	guessWindow  = 5 * time.Minute
	guessesPerIP = 20
)

// Admit finds out which of the operator's tokens was sent, by its name. A right one is
// always let in: 256 bits are not guessed, and a stranger on the same network must not be
// able to lock the operator out. Of the wrong ones each is counted, 20 per address in five
// minutes; those beyond are turned away with a look at the count alone.
//
// Errors: InvalidToken; TooManyRequests with RetryAfter.
func (o Operator) Admit(ctx context.Context, tokens identity.OperatorTokens, sent string, origin identity.Origin) (name string, err error) {
	if name, ok := tokens.Match(sent); ok {
		return name, nil
	}
	var wait time.Duration
	err = o.c.store.Read(ctx, func(tx *store.Tx) error {
		n, err := operatorGuessesFrom(origin.Address).read(ctx, tx)
		if wait = n.Expires.Sub(tx.Now()); n.Count < guessesPerIP || wait > 2*guessWindow { // a clock that was wrong has set it
			wait = 0
		}
		return err
	})
	if err == nil && wait > 0 {
		return "", tooMany("Too many wrong tokens from this address", wait)
	}
	if err == nil {
		err = o.c.store.Update(ctx, func(tx *store.Tx) error {
			if _, err := operatorGuessesFrom(origin.Address).add(ctx, tx, guessWindow); err != nil {
				return err
			}
			guess := fleet.AuditEntry{Action: fleet.AuditOperatorRefused, Refusal: fleet.InvalidToken}
			return tx.InsertAudit(ctx, withOrigin(origin, guess))
		})
	}
	if err != nil {
		return "", err
	}
	return "", fleet.Errorf(fleet.InvalidToken, "This is none of the operator's tokens")
}

// Refused writes that a holder of one of the operator's tokens was refused something, like
// Control.Refused.
func (o Operator) Refused(ctx context.Context, operation string, code fleet.Code) {
	keep, left := o.c.refusals.note(identity.Principal{}, o.c.store.Now()) // no other caller is nobody
	if !keep {
		return
	}
	e := o.by(fleet.AuditEntry{Action: fleet.AuditOperatorRefused, Refusal: code, Detail: fleet.AuditDetail{Operation: operation}})
	entries := []fleet.AuditEntry{e}
	if left > 0 {
		entries = []fleet.AuditEntry{leftOut(identity.Principal{}, left), e}
	}
	o.c.writeAudit(ctx, entries...)
}
