package identity_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// fixedKey is the same in every fuzzing process, so that seeds stay valid.
var fixedKey = identity.Key{ID: "fixed", Private: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Created: now}

// Any token is refused with 1102 unless it is exactly one of those that were signed.
func FuzzTokens(f *testing.F) {
	i := issuerOf(f, fixedKey)
	bearer := sign(f, i, userClaims)
	application := signApplication(f, i, identity.ApplicationClaims{Token: 9, Workspace: 100})
	f.Add(bearer)
	f.Add(application)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Add(strings.Repeat("A", identity.MaxTokenLength+1))
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := i.Verify(raw, now)
		if (err == nil) != (raw == bearer) || err != nil && fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("bearer: %v", err)
		}
		_, err = i.VerifyApplicationToken(raw, now)
		if (err == nil) != (raw == application) || err != nil && fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("application token: %v", err)
		}
	})
}

// A valid signature over any payload never yields a bearer without user and token, and never a
// panic.
func FuzzSignedPayload(f *testing.F) {
	forger := forgerWith(f, fixedKey)
	f.Add("sub", "7", int64(100), int64(9))
	f.Add("esc.epoch", "x", int64(-1), int64(0))
	f.Add("aud", "simferry/authenticate", int64(0), int64(0))
	f.Fuzz(func(t *testing.T, claim, value string, org, app int64) {
		claims := with(with(with(forger.claims, "esc.org", org), "esc.app", app), claim, value)
		c, err := forger.issuer.Verify(forge(t, forger.header, claims, forger.ed25519), now)
		switch code := fleet.CodeOf(err); {
		case err != nil && code != fleet.InvalidToken && code != fleet.TokenExpired:
			t.Error(err)
		case err == nil && ((c.User > 0) == (c.AppToken > 0) || c.Workspace < 0):
			t.Errorf("a bearer without a subject: %+v", c)
		}
	})
}

// A stored string is refused or has a bounded cost, and never matches by accident.
func FuzzStoredHash(f *testing.F) {
	h := identity.NewHasher(cheap, 0)
	digest := identity.WireDigest("x")
	salt := make([]byte, 16)
	stored := phc(8, 1, 1, salt, argon2.IDKey([]byte(digest), salt, 1, 8, 1, 32))
	f.Add(stored)
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		ok, rehash, err := h.Verify(t.Context(), s, digest)
		if ok != (s == stored) || rehash || ok && err != nil {
			t.Errorf("ok %v, rehash %v, %v", ok, rehash, err)
		}
	})
}

func FuzzWireDigest(f *testing.F) {
	f.Add(identity.WireDigest("x"))
	f.Add(strings.ToUpper(identity.WireDigest("y")))
	f.Add("")
	f.Add(strings.Repeat("é", 20))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := identity.ParseWireDigest(s)
		if err != nil {
			if fleet.CodeOf(err) != fleet.BadRequest {
				t.Error(err)
			}
			return
		}
		if again, err := identity.ParseWireDigest(got); again != got || err != nil || !strings.EqualFold(got, s) {
			t.Errorf("%q gives %q, which gives %q, %v", s, got, again, err)
		}
	})
}
