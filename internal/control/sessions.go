package control

import (
	"context"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// OpenSession is a session of a user that has not ended.
type OpenSession = store.OpenSession

// MaxSessions is the number of sessions that OwnSessions lists.
const MaxSessions = 200

// OwnSessions lists the caller's sessions that have not ended, the newest first, at most
// MaxSessions of them.
//
// Permission: WriteOwn.
func (c *Control) OwnSessions(ctx context.Context, caller identity.Principal) (list []OpenSession, err error) {
	if err := caller.Require(identity.WriteOwn); err != nil {
		return nil, err
	}
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		list, err = tx.OpenSessions(ctx, caller.User, MaxSessions)
		return err
	})
	return list, err
}

// maxAgent is how many bytes of the name of a client are kept.
const maxAgent = 200

// agent returns what the client of a sign-in calls itself, as it is kept with the session: a header
// may have any bytes.
func agent(from identity.Origin) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, from.Agent)
	return text[:min(len(text), maxAgent)]
}

// EndOwnSession ends one of the caller's sessions at once, on every server: its bearers, its
// refresh tokens and its console.
//
// Permission: WriteOwn. Errors: NotFound for a session that has ended, or of another user.
func (c *Control) EndOwnSession(ctx context.Context, caller identity.Principal, family string) error {
	return c.write(ctx, caller, identity.WriteOwn, lockingUser(caller), func(tx *store.Tx, caller identity.Principal) error {
		list, err := tx.OpenSessions(ctx, caller.User, MaxSessions)
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.Family == family {
				if err := c.endSession(ctx, tx, family); err != nil {
					return err
				}
				return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditSignedOut})
			}
		}
		return fleet.Missing("session", family)
	})
}
