package limit

import (
	"context"
	"strings"
)

type partyKey struct{}

// WithParty sets the party on whose behalf ctx does its work, for gates in lower layers. It is
// used for queues only, never for permissions.
func WithParty(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, partyKey{}, name)
}

// Party returns the name set by WithParty, "" for the server's own work.
func Party(ctx context.Context) string {
	name, _ := ctx.Value(partyKey{}).(string)
	return name
}

// anonymous is the prefix of parties without a valid bearer.
const anonymous = "anonymous "

// Anonymous returns the name of an unauthenticated party.
func Anonymous(address string) string { return anonymous + address }

// Shared returns the party for gates at which all anonymous parties share the turns of one,
// because an attacker can create any number of them.
func Shared(party string) string {
	if strings.HasPrefix(party, anonymous) {
		return anonymous
	}
	return party
}
