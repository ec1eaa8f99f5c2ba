package operator

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	guessWindow  = 5 * time.Minute
	guessesPerIP = 20
)

// Admit checks a token of the operator API and returns its name. A valid token is always
// accepted: 256 bits cannot be guessed, and another client on the same network must not be able
// to lock the operator out. Each wrong token is counted, 20 per address in five minutes. Beyond
// that the counter is only read, and the request is refused.
//
// Errors: InvalidToken; TooManyRequests with RetryAfter.
func (o Operator) Admit(ctx context.Context, tokens identity.OperatorTokens, sent string, origin identity.Origin) (name string, err error) {
	if name, ok := tokens.Match(sent); ok {
		return name, nil
	}
	var wait time.Duration
	err = o.store.Read(ctx, func(tx *store.Tx) error {
		n, err := control.OperatorGuessesFrom(origin.Address).Read(ctx, tx)
		if wait = n.Expires.Sub(tx.Now()); n.Count < guessesPerIP || wait > 2*guessWindow { // the counter was set while the clock was wrong
			wait = 0
		}
		return err
	})
	if err == nil && wait > 0 {
		return "", control.TooMany("Too many wrong tokens from this address", wait)
	}
	if err == nil {
		err = o.store.Update(ctx, func(tx *store.Tx) error {
			if _, err := control.OperatorGuessesFrom(origin.Address).Add(ctx, tx, guessWindow); err != nil {
				return err
			}
			guess := fleet.AuditEntry{Action: fleet.AuditOperatorRefused, Refusal: fleet.InvalidToken}
			return tx.InsertAudit(ctx, control.WithOrigin(origin, guess))
		})
	}
	if err != nil {
		return "", err
	}
	return "", fleet.Errorf(fleet.InvalidToken, "This is not a valid operator token")
}

// Refused records that a caller with one of the operator's tokens was refused, like
// Control.Refused.
func (o Operator) Refused(ctx context.Context, operation string, code fleet.Code) {
	o.c.WriteRefusal(ctx, identity.Principal{}, // the zero Principal is the operator
		o.by(fleet.AuditEntry{Action: fleet.AuditOperatorRefused, Refusal: code, Detail: fleet.AuditDetail{Operation: operation}}))
}
