package control

import (
	"context"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	operatorGuesses = "operator_guesses" // per address, of tokens of the operator API
	guessWindow     = 5 * time.Minute
	guessesPerIP    = 20
)

// Admit finds out which of the operator's tokens was sent, by its name. A right one is
// always let in: 256 bits are not guessed, and a stranger on the same network must not be
// able to lock the operator out. Of the wrong ones each is counted, 20 per address in five
// minutes; those beyond are turned away with a look at the count alone.
//
// Errors: InvalidToken; TooManyRequests with RetryAfter.
func (o Operator) Admit(ctx context.Context, tokens identity.OperatorTokens, sent string, from netip.Addr) (name string, err error) {
	if name, ok := tokens.Match(sent); ok {
		return name, nil
	}
	var wait time.Duration
	err = o.c.store.Read(ctx, func(tx *store.Tx) error {
		n, err := tx.Counter(ctx, operatorGuesses, network(from))
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
			_, err := tx.Count(ctx, operatorGuesses, network(from), guessWindow)
			return err
		})
	}
	if err != nil {
		return "", err
	}
	return "", fleet.Errorf(fleet.InvalidToken, "This is none of the operator's tokens")
}
