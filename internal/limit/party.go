package limit

import (
	"context"
	"strings"
)

type partyKey struct{}

// WithParty names the party for whom the work of ctx is done, for gates that are deep below.
// It is a matter of turns only: no right depends on it.
func WithParty(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, partyKey{}, name)
}

// Party is the name that WithParty gave, "" for the server's own work.
func Party(ctx context.Context) string {
	name, _ := ctx.Value(partyKey{}).(string)
	return name
}

// anonymous begins the name of a party without a valid bearer.
const anonymous = "anonymous "

// Anonymous is the name of a party that nobody vouches for.
func Anonymous(address string) string { return anonymous + address }

// Shared is the party for gates at which all anonymous parties share the turns of one: there
// can be as many of them as an attacker likes.
func Shared(party string) string {
	if strings.HasPrefix(party, anonymous) {
		return anonymous
	}
	return party
}
