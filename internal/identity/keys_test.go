package identity_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/identity"
)

func kidOf(t *testing.T, raw string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Alg, Kid, Typ string }
	if err := json.Unmarshal(b, &header); err != nil {
		t.Fatal(err)
	}
	if header.Alg != "EdDSA" || header.Typ != "JWT" {
		t.Errorf("header is %s", b)
	}
	return header.Kid
}

func TestNewestKeySignsAndAllVerify(t *testing.T) {
	old, recent := newKey(t, now.Add(-time.Hour)), newKey(t, now)
	before := issuerOf(t, old)
	after := issuerOf(t, old, recent)
	if kid := kidOf(t, sign(t, after, userClaims)); kid != recent.ID {
		t.Errorf("%s signs, not the newest", kid)
	}
	if kid := kidOf(t, sign(t, issuerOf(t, recent, old), userClaims)); kid != recent.ID {
		t.Error("the order in which keys are given matters")
	}
	if _, err := after.Verify(sign(t, before, userClaims), now); err != nil {
		t.Error("a token of the old key:", err)
	}
	if _, err := issuerOf(t, recent).Verify(sign(t, before, userClaims), now); err == nil {
		t.Error("a token of a key that was taken out still counts")
	}
}

func TestJWKSIsThePublicHalf(t *testing.T) {
	old, recent := newKey(t, now.Add(-time.Hour)), newKey(t, now)
	document := issuerOf(t, old, recent).Keyring.JWKS()
	var got any
	if err := json.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"keys": []any{publicJWK(recent), publicJWK(old)}}
	if diff := cmp.Diff(want, got); diff != "" { // exact comparison, so there is no "d"
		t.Error(diff)
	}
}

// publicHalf returns the public half of the private key (RFC 8032).
func publicHalf(k identity.Key) ed25519.PublicKey { return ed25519.PublicKey(k.Private[32:]) }

func publicJWK(k identity.Key) map[string]any {
	x := base64.RawURLEncoding.EncodeToString(publicHalf(k))
	return map[string]any{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": k.ID, "x": x}
}

func TestKeyringRefusesUnusableKeys(t *testing.T) {
	good, other := newKey(t, now), newKey(t, now)
	mixed := append(bytes.Clone(good.Private[:32]), other.Private[32:]...)
	for what, keys := range map[string][]identity.Key{
		"none":       nil,
		"no id":      {{Private: good.Private, Created: now}},
		"no private": {{ID: "a", Created: now}},
		"short":      {{ID: "a", Private: good.Private[:63], Created: now}},
		"mixed":      {{ID: "a", Private: mixed, Created: now}},
		"twice":      {good, good},
	} {
		if _, err := identity.NewKeyring(keys...); err == nil {
			t.Errorf("%s: a ring was made", what)
		}
	}
}

func TestKeyHidesItsPrivateHalf(t *testing.T) {
	k := newKey(t, now)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k)
	for _, shown := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), log.String()} {
		if strings.Contains(shown, fmt.Sprint(k.Private[0], k.Private[1])) || strings.Contains(shown, "Private") || !strings.Contains(shown, k.ID) {
			t.Errorf("a key shows as %s", shown)
		}
	}
}
