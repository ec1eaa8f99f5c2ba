package storetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var sessionCases = []testCase{
	{"BearerSessions", bearerSessions},
	{"MembershipEndsRefreshTokens", membershipEndsRefreshTokens},
	{"KeyUses", keyUses},
}

func signingKey(id string, at time.Time) store.SigningKey {
	return store.SigningKey{ID: id, Private: ed25519.NewKeyFromSeed(bytes.Repeat([]byte("s"), 32)), Created: at}
}

// bearerSession reports whether there is a session for a bearer.
func (e *env) bearerSession(b store.BearerOf) (s store.Session, found bool) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		s, found, err = tx.BearerSession(ctx, b)
		return err
	})
	return s, found
}

func bearerSessions(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertSigningKey(ctx, signingKey("k", start)) })
	b := store.BearerOf{User: Admin, Workspace: FleetDE, Key: "k", Family: "f"}
	s, found := e.bearerSession(b)
	if !found || s.User.ID != Admin || s.Role != fleet.Administrator || !s.Administer || s.Factor {
		e.Errorf("%v, %+v", found, s)
	}
	for what, other := range map[string]store.BearerOf{
		"an unknown key":       {User: Admin, Workspace: FleetDE, Key: "x", Family: "f"},
		"an unknown user":      {User: 99, Workspace: FleetDE, Key: "k", Family: "f"},
		"an unknown Workspace": {User: Admin, Workspace: 9999, Key: "k", Family: "f"},
	} {
		if _, found := e.bearerSession(other); found {
			e.Errorf("there is a session for %s", what)
		}
	}
	end := func(ctx context.Context, tx *store.Tx) error { return tx.EndSession(ctx, "f", start.Add(time.Hour)) }
	e.update(end)
	e.update(end) // repeating it is not an error
	if _, found := e.bearerSession(b); found {
		e.Error("the session goes on")
	}
	b.Family = "g"
	if _, found := e.bearerSession(b); !found {
		e.Error("another session has ended")
	}
	e.clock.advance(time.Hour)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Sweep(ctx, time.Hour) })
	b.Family = "f"
	if _, found := e.bearerSession(b); !found {
		e.Error("what was ended is remembered longer than any bearer lives")
	}
}

func membershipEndsRefreshTokens(e *env) {
	e.fleet()
	here := store.RefreshToken{Hash: []byte{1}, Family: "f", User: Admin, Workspace: FleetDE, Expires: start.Add(time.Hour)}
	there := here
	there.Hash, there.Family, there.Workspace = []byte{2}, "g", FleetAT
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SaveRefreshToken(ctx, here); err != nil {
			return err
		}
		if err := tx.SaveRefreshToken(ctx, there); err != nil {
			return err
		}
		return tx.SetMembership(ctx, Admin, FleetDE, fleet.UserActive, []fleet.Role{fleet.Observer})
	})
	e.refreshToken(here) // another role does not end it
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SetMembership(ctx, Admin, FleetDE, fleet.UserSuspended, []fleet.Role{fleet.Observer})
	})
	here.Revoked = true
	e.refreshToken(here)
	e.refreshToken(there)
}

func keyUses(e *env) {
	e.fleet()
	token := func(id fleet.TokenID, key string, expires time.Time, revoked bool) store.ApplicationToken {
		return store.ApplicationToken{ID: id, Workspace: workspace(FleetDE), Key: key, Expires: expires, Revoked: revoked}
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, k := range []store.SigningKey{signingKey("new", start), signingKey("old", start.Add(-time.Hour))} {
			if err := tx.InsertSigningKey(ctx, k); err != nil {
				return err
			}
		}
		for _, t := range []store.ApplicationToken{
			token(1, "old", time.Time{}, false), token(2, "old", start.Add(time.Hour), false), token(3, "old", start, false),
			token(4, "old", time.Time{}, true), token(5, "new", time.Time{}, false),
		} {
			if err := tx.InsertApplicationToken(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
	e.view(func(ctx context.Context, tx *store.Tx) error {
		uses, err := tx.KeyUses(ctx)
		e.equal("uses", uses, []store.KeyUse{{ID: "old", Created: start.Add(-time.Hour), Tokens: 2}, {ID: "new", Created: start, Tokens: 1}})
		return err
	})
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for id, want := range map[string]bool{"old": true, "nobody's": false} {
			found, err := tx.DeleteSigningKey(ctx, id)
			if err != nil || found != want {
				e.Errorf("%s: removed %v, %v", id, found, err)
			}
		}
		ids, err := tx.SigningKeyIDs(ctx)
		e.equal("ids", ids, []string{"new"})
		if _, found, _ := tx.ApplicationToken(ctx, 1, "old"); found {
			e.Error("a token of a removed key is there for its key")
		}
		return err
	})
}
