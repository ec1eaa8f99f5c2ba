package control

import (
	"context"
	"net/netip"
)

// TryAndCrash begins to evaluate a password, as a server does that crashes then.
func (c *Control) TryAndCrash(ctx context.Context, username string, from netip.Addr) error {
	_, err := c.mayTry(ctx, guessAt(username, from))
	return err
}
