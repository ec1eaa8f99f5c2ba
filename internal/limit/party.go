package limit

import "context"

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
