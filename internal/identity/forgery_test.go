package identity_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// forge builds a token by hand, including tokens that no Issuer would make.
func forge(t testing.TB, header, claims map[string]any, seal func(input []byte) []byte) string {
	t.Helper()
	part := func(m map[string]any) string {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	input := part(header) + "." + part(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(seal([]byte(input)))
}

func with(m map[string]any, key string, value any) map[string]any {
	m = maps.Clone(m)
	if value == nil {
		delete(m, key)
	} else {
		m[key] = value
	}
	return m
}

// forger builds variants of a valid bearer, with or without the right key.
type forger struct {
	issuer identity.Issuer
	key    identity.Key
	header map[string]any
	claims map[string]any
}

func newForger(t testing.TB) forger {
	t.Helper()
	return forgerWith(t, newKey(t, now))
}

func forgerWith(t testing.TB, key identity.Key) forger {
	t.Helper()
	i := issuerOf(t, key)
	return forger{
		issuer: i,
		key:    key,
		header: map[string]any{"alg": "EdDSA", "kid": key.ID, "typ": "JWT"},
		claims: payload(t, sign(t, i, userClaims)),
	}
}

func (f forger) ed25519(input []byte) []byte { return ed25519.Sign(f.key.Private, input) }

func (f forger) refused(t *testing.T, what, raw string) {
	t.Helper()
	if c, err := f.issuer.Verify(raw, now); fleet.CodeOf(err) != fleet.InvalidToken || c != (identity.Claims{}) {
		t.Errorf("%s: %+v, %v", what, c, err)
	}
}

// The control: a token without any fault is valid, so the tokens below are refused for their
// fault.
func TestForgeryControl(t *testing.T) {
	f := newForger(t)
	if _, err := f.issuer.Verify(forge(t, f.header, f.claims, f.ed25519), now); err != nil {
		t.Fatal(err)
	}
}

func TestForgedAlgorithms(t *testing.T) {
	f := newForger(t)
	withPublicKey := func(input []byte) []byte {
		mac := hmac.New(sha256.New, publicHalf(f.key))
		mac.Write(input)
		return mac.Sum(nil)
	}
	nothing := func([]byte) []byte { return nil }
	for _, alg := range []string{"none", "None", "NONE", ""} {
		f.refused(t, "alg "+alg, forge(t, with(f.header, "alg", alg), f.claims, nothing))
	}
	f.refused(t, "no signature", forge(t, f.header, f.claims, nothing))
	f.refused(t, "HS256 keyed with the public key", forge(t, with(f.header, "alg", "HS256"), f.claims, withPublicKey))
	f.refused(t, "HMAC called EdDSA", forge(t, f.header, f.claims, withPublicKey))
	f.refused(t, "right signature called HS256", forge(t, with(f.header, "alg", "HS256"), f.claims, f.ed25519))
}

func TestForgedKeys(t *testing.T) {
	f := newForger(t)
	stranger := newKey(t, now)
	byStranger := func(input []byte) []byte { return ed25519.Sign(stranger.Private, input) }
	f.refused(t, "another key under the kid", forge(t, f.header, f.claims, byStranger))
	for _, kid := range []any{nil, "", stranger.ID, "../../" + f.key.ID, "/dev/null", "' OR 1=1 --", f.key.ID + "\x00", 7} {
		f.refused(t, fmt.Sprintf("kid %v", kid), forge(t, with(f.header, "kid", kid), f.claims, f.ed25519))
	}
	jwk := map[string]any{
		"kty": "OKP", "crv": "Ed25519", "kid": f.key.ID,
		"x": base64.RawURLEncoding.EncodeToString(publicHalf(stranger)),
	}
	f.refused(t, "a key that the token brings along", forge(t, with(f.header, "jwk", jwk), f.claims, byStranger))
}

func TestUnknownKeyIsReported(t *testing.T) {
	f := newForger(t)
	other := issuerOf(t, newKey(t, now))
	if _, err := other.Verify(sign(t, f.issuer, userClaims), now); !errors.Is(err, identity.ErrUnknownKey) {
		t.Error(err)
	}
	if _, err := f.issuer.Verify("garbage", now); errors.Is(err, identity.ErrUnknownKey) {
		t.Error("garbage passes for a key that is not yet known")
	}
}

// The signature is valid, but Sign would not make such a token.
func TestForgedClaims(t *testing.T) {
	f := newForger(t)
	for _, test := range []struct {
		claim string
		value any
	}{
		{"exp", nil}, {"exp", "soon"}, {"exp", 1e300}, {"iat", nil}, {"iat", now.Add(time.Hour).Unix()},
		{"nbf", now.Add(time.Hour).Unix()}, {"iss", nil}, {"aud", nil}, {"aud", []string{}},
		{"aud", []string{"simferry", "simferry/authenticate"}}, {"sub", nil}, {"sub", 7}, {"sub", "0"}, {"sub", "-7"},
		{"sub", "admin@example.com"}, {"sub", "7 "}, {"esc.app", 9}, {"esc.app", -1}, {"esc.org", "100"}, {"esc.org", -1},
	} {
		raw := forge(t, f.header, with(f.claims, test.claim, test.value), f.ed25519)
		f.refused(t, fmt.Sprintf("%s %v", test.claim, test.value), raw)
	}
	past := forge(t, f.header, with(f.claims, "nbf", now.Unix()), f.ed25519)
	if _, err := f.issuer.Verify(past, now); err != nil {
		t.Error("nbf in the past:", err)
	}
}
