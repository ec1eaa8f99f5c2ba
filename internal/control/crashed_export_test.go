package control

import (
	"context"
	"net/netip"
)

// TryAndCrash begins to check a password and never finishes, like a server that crashes.
func (c *Control) TryAndCrash(ctx context.Context, username string, from netip.Addr) error {
	_, err := c.mayTry(ctx, guessAt(username, from))
	return err
}
