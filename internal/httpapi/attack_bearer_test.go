package httpapi_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// attacker has the private key of a server, so a forged token differs only in what a test changes.
type attacker struct {
	kid     string
	private ed25519.PrivateKey
	claims  object // of a valid bearer
}

func newAttacker(s *kit.Server, token string) attacker {
	s.T.Helper()
	row := s.Rows("SELECT id, private_key FROM signing_keys")[0]
	key, ok := row[1].([]byte)
	if !ok {
		s.T.Fatalf("the key is a %T", row[1])
	}
	return attacker{fmt.Sprint(row[0]), key, decodePart(s.T.(*testing.T), token, 1)} //nolint:errcheck,forcetypeassert // these tests are no benchmarks
}

func (f attacker) header() object { return object{"alg": "EdDSA", "kid": f.kid, "typ": "JWT"} }

// withClaim returns the claims with one changed; nil removes it.
func (f attacker) withClaim(name string, value any) object {
	other := maps.Clone(f.claims)
	if other[name] = value; value == nil {
		delete(other, name)
	}
	return other
}

func sealed(header, claims object, seal func([]byte) []byte) string {
	text := encode(header) + "." + encode(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(seal([]byte(text)))
}

func (f attacker) sign(text []byte) []byte { return ed25519.Sign(f.private, text) }

// Each attack is refused, and the response says only that the token is invalid.
func TestAttackBearer(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	made := newApplicationToken(s, control.NewToken{})
	f := newAttacker(s, s.As("admin@example.com").Token)
	withBearer(s, sealed(f.header(), f.claims, f.sign)).Get(whoami).Is(http.StatusOK) // the control
	stranger, err := identity.GenerateKey(s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	byStranger := func(text []byte) []byte { return ed25519.Sign(stranger.Private, text) }
	public, ok := f.private.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no Ed25519 key")
	}
	hmacOf := func(key []byte) func([]byte) []byte {
		return func(text []byte) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write(text)
			return mac.Sum(nil)
		}
	}
	nothing := func([]byte) []byte { return nil }
	header := func(name string, value any) object {
		h := f.header()
		h[name] = value
		return h
	}
	now := s.Clock.Now()
	for name, tokens := range map[string][]string{
		"alg-none": {
			sealed(header("alg", "none"), f.claims, nothing), sealed(header("alg", "None"), f.claims, nothing), sealed(header("alg", ""), f.claims, nothing),
			sealed(header("alg", "none"), f.claims, f.sign), sealed(f.header(), f.claims, nothing),
		},
		"key-confusion": { // the public key, which is public, as an HMAC secret
			sealed(header("alg", "HS256"), f.claims, hmacOf(public)), sealed(f.header(), f.claims, hmacOf(public)),
			sealed(header("alg", "HS256"), f.claims, hmacOf([]byte(base64.RawURLEncoding.EncodeToString(public)))),
			sealed(header("alg", "HS512"), f.claims, hmacOf(public)), sealed(header("alg", "RS256"), f.claims, f.sign), sealed(header("alg", "HS256"), f.claims, f.sign),
		},
		"kid-of-another-key": {
			sealed(f.header(), f.claims, byStranger), sealed(header("kid", stranger.ID), f.claims, byStranger), sealed(header("kid", stranger.ID), f.claims, f.sign),
		},
		"kid-is-a-path": {
			sealed(header("kid", "../../../../dev/null"), f.claims, hmacOf(nil)), sealed(header("kid", "/dev/null"), f.claims, nothing),
			sealed(header("kid", "file:///etc/passwd"), f.claims, f.sign), sealed(header("kid", "' OR '1'='1"), f.claims, f.sign),
			sealed(header("kid", f.kid+"\x00"), f.claims, f.sign), sealed(header("kid", []string{f.kid}), f.claims, f.sign), sealed(header("kid", ""), f.claims, f.sign),
		},
		"key-in-the-header": {
			sealed(header("jku", "http://127.0.0.1:1/keys"), f.claims, byStranger), sealed(header("x5u", "http://127.0.0.1:1/cert"), f.claims, byStranger),
			sealed(header("jwk", object{"kty": "OKP", "crv": "Ed25519", "kid": f.kid, "x": base64.RawURLEncoding.EncodeToString(stranger.Private[32:])}), f.claims, byStranger),
		},
		"unknown-crit": {sealed(header("crit", []string{"exp"}), f.claims, f.sign)},
		"expired": {
			sealed(f.header(), f.withClaim("exp", now.Add(-time.Minute-time.Second).Unix()), f.sign), sealed(f.header(), f.withClaim("exp", 0), f.sign),
			sealed(f.header(), f.withClaim("exp", nil), f.sign), sealed(f.header(), f.withClaim("exp", "never"), f.sign),
		},
		"future": {
			sealed(f.header(), f.withClaim("iat", now.Add(time.Minute+time.Second).Unix()), f.sign), sealed(f.header(), f.withClaim("nbf", now.Add(time.Hour).Unix()), f.sign),
			sealed(f.header(), f.withClaim("iat", nil), f.sign),
		},
		"wrong-audience": {
			sealed(f.header(), f.withClaim("aud", "another"), f.sign), sealed(f.header(), f.withClaim("aud", nil), f.sign), made.Text,
			sealed(f.header(), f.withClaim("aud", []any{f.claims["aud"], "another"}), f.sign), sealed(f.header(), f.withClaim("aud", fmt.Sprint(f.claims["aud"], "/authenticate")), f.sign),
		},
		"wrong-issuer":        {sealed(f.header(), f.withClaim("iss", "https://example.com"), f.sign), sealed(f.header(), f.withClaim("iss", nil), f.sign)},
		"session-of-another":  {sealed(f.header(), f.withClaim("esc.epoch", 7), f.sign), sealed(f.header(), f.withClaim("sub", "999"), f.sign), sealed(f.header(), f.withClaim("sub", "-1"), f.sign), sealed(f.header(), f.withClaim("sub", nil), f.sign)},
		"user-and-program":    {sealed(f.header(), f.withClaim("esc.app", 1), f.sign)},
		"spelled-differently": {s.As("admin@example.com").Token + "=", s.As("admin@example.com").Token + "."},
		"very-long":           {strings.Repeat("A", 40_000)},
	} {
		t.Run(name, func(t *testing.T) {
			for i, token := range tokens {
				got := currentWorkspace(t, withBearer(s, token)).Get("/api/v1/user/my")
				if got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != "Bearer" || strings.Contains(string(got.Body), "kid") {
					t.Errorf("%d: %d %v %s", i, got.Status, got.Header, got.Body)
				}
			}
		})
	}
}
