package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// LongestBearer is longer than any server lets a bearer live (the setting token_ttl), including
// clock differences. After that time a session or key can be forgotten.
const LongestBearer = 721 * time.Hour

// Logout ends the session of the caller at once, on every server: its bearers, those for other
// Workspaces, and its refresh tokens. With everywhere it ends all sessions of the user. A
// bearer from an earlier version does not name its session, so it ends all of them too.
//
// Permission: WriteOwn. Errors: Forbidden for an application token, which must be revoked
// instead.
func (c *Control) Logout(ctx context.Context, caller identity.Principal, everywhere bool) error {
	return c.write(ctx, caller, identity.WriteOwn, lockingUser(caller), func(tx *store.Tx, caller identity.Principal) error {
		end := func() error { return c.endSession(ctx, tx, caller.Session) }
		if everywhere || caller.Session == "" {
			end = func() error { return tx.EndSessions(ctx, caller.User) }
		}
		if err := end(); err != nil {
			return err
		}
		return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditSignedOut, Detail: fleet.AuditDetail{Everywhere: everywhere}})
	})
}

// lockingUser returns a rule that locks the caller's row before rule changes it.
func lockingUser(caller identity.Principal) func(context.Context, *store.Tx) error {
	return func(ctx context.Context, tx *store.Tx) error { return tx.LockUser(ctx, caller.User) }
}

func (*Control) endSession(ctx context.Context, tx *store.Tx, family string) error {
	return tx.EndSession(ctx, family, tx.Now().Add(LongestBearer))
}
