package storetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"time"

	"github.com/simferry/simferry/internal/store"
)

var credentialCases = []testCase{
	{"ApplicationTokens", applicationTokens},
	{"SigningKeys", signingKeys},
	{"RefreshTokens", refreshTokens},
}

func applicationTokens(e *env) {
	e.fleet()
	plain := store.ApplicationToken{ID: 1, Workspace: workspace(FleetDE), Description: "ci"}
	bounded := store.ApplicationToken{
		ID: 2, Workspace: workspace(FleetAT), Description: "ü", Revoked: true, CIDR: "10.0.0.0/8", Expires: start.Add(time.Hour),
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertApplicationToken(ctx, plain); err != nil {
			return err
		}
		return tx.InsertApplicationToken(ctx, bounded)
	})
	plain.Created, bounded.Created = start, start
	e.view(func(ctx context.Context, tx *store.Tx) error {
		for _, want := range []store.ApplicationToken{plain, bounded} {
			got, found, err := tx.ApplicationToken(ctx, want.ID, "")
			if err != nil || !found {
				e.Errorf("token %d: %v, %v", want.ID, found, err)
			}
			e.equal("token", got, want)
		}
		_, found, err := tx.ApplicationToken(ctx, 3, "")
		if found {
			e.Error("found a token that does not exist")
		}
		return err
	})
}

func signingKeys(e *env) {
	key := func(id string, at time.Time) store.SigningKey {
		return store.SigningKey{ID: id, Private: ed25519.NewKeyFromSeed(bytes.Repeat([]byte(id), 32)), Created: at}
	}
	newer, older := key("a", start), key("b", start.Add(-time.Hour))
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertSigningKey(ctx, newer); err != nil {
			return err
		}
		return tx.InsertSigningKey(ctx, older)
	})
	e.view(func(ctx context.Context, tx *store.Tx) error {
		keys, err := tx.SigningKeys(ctx)
		e.equal("keys", keys, []store.SigningKey{older, newer})
		return err
	})
}

func refreshTokens(e *env) {
	e.fleet()
	first := store.RefreshToken{Hash: []byte{0, 1, 2}, Family: "f", User: Admin, Workspace: FleetDE, Epoch: 3, Expires: start.Add(time.Hour)}
	second, other := first, first
	second.Hash, second.Predecessor, other.Hash, other.Family = []byte{3}, first.Hash, []byte{4}, "g"
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, t := range []store.RefreshToken{first, second, other} {
			if err := tx.SaveRefreshToken(ctx, t); err != nil {
				return err
			}
		}
		return tx.SetSuccessorKey(ctx, first.Hash, []byte{9})
	})
	first.SuccessorKey = []byte{9}
	e.refreshToken(first)
	second.Expires = start.Add(2 * time.Hour)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.SaveRefreshToken(ctx, second) }) // again
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.SpendRefreshToken(ctx, first.Hash) })
	first.Spent, first.SuccessorKey = true, nil
	e.refreshToken(first)
	e.refreshToken(second)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.RevokeRefreshFamily(ctx, "f") })
	first.Revoked, second.Revoked = true, true
	e.refreshToken(first)
	e.refreshToken(second)
	e.refreshToken(other)

	e.clock.advance(time.Hour)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Sweep(ctx, time.Hour) })
	e.update(func(ctx context.Context, tx *store.Tx) error {
		_, found, err := tx.RefreshToken(ctx, other.Hash)
		if found {
			e.Error("an expired refresh token was not swept")
		}
		return err
	})
}

// refreshToken reads in an Update, because reading one locks it.
func (e *env) refreshToken(want store.RefreshToken) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		got, found, err := tx.RefreshToken(ctx, want.Hash)
		if !found {
			e.Error("not found")
		}
		e.equal("refresh token", got, want)
		return err
	})
}
