package identity_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

func signApplication(t testing.TB, i identity.Issuer, c identity.ApplicationClaims) string {
	t.Helper()
	raw, err := i.SignApplicationToken(c, now)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestApplicationTokenRoundTrip(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	for _, want := range []identity.ApplicationClaims{
		{Token: 9, Workspace: 100, WorkspaceName: "Fleet DE", Issued: now},
		{Token: 9, Workspace: 100, Issued: now, Expires: now.AddDate(1, 0, 0)},
	} {
		want.Key = i.Keyring.Signer()
		got, err := i.VerifyApplicationToken(signApplication(t, i, want), now)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	}
}

func TestApplicationTokenOnTheWire(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	raw := signApplication(t, i, identity.ApplicationClaims{Token: 9, Workspace: 100, WorkspaceName: "Fleet DE"})
	want := map[string]any{
		"iss": i.Name, "aud": "simferry/authenticate", "iat": float64(now.Unix()),
		"sub": "9", "esc.org": 100.0, "esc.orgName": "Fleet DE",
	}
	if diff := cmp.Diff(want, payload(t, raw)); diff != "" {
		t.Error(diff)
	}
}

func TestTimesOfAnApplicationToken(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	forever := signApplication(t, i, identity.ApplicationClaims{Token: 9, Workspace: 100})
	if _, err := i.VerifyApplicationToken(forever, now.AddDate(50, 0, 0)); err != nil {
		t.Error(err)
	}
	hour := signApplication(t, i, identity.ApplicationClaims{Token: 9, Workspace: 100, Expires: now.Add(time.Hour)})
	if _, err := i.VerifyApplicationToken(hour, now.Add(time.Hour+time.Minute)); fleet.CodeOf(err) != fleet.TokenExpired {
		t.Error(err)
	}
}

func TestTokenKindsAreNotInterchangeable(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	application := signApplication(t, i, identity.ApplicationClaims{Token: 9, Workspace: 100, Expires: now.Add(time.Hour)})
	if c, err := i.Verify(application, now); fleet.CodeOf(err) != fleet.InvalidToken {
		t.Errorf("an application token is the bearer of %+v: %v", c, err)
	}
	for _, claims := range []identity.Claims{userClaims, appClaims} {
		if c, err := i.VerifyApplicationToken(sign(t, i, claims), now); fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("a bearer is the application token %+v: %v", c, err)
		}
	}
}

func TestSignApplicationTokenRefusesIncompleteClaims(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	for _, c := range []identity.ApplicationClaims{{}, {Token: 1}, {Workspace: 1}, {Token: -1, Workspace: 1}} {
		if _, err := i.SignApplicationToken(c, now); err == nil {
			t.Errorf("%+v was signed", c)
		}
	}
}

func TestForgedApplicationClaims(t *testing.T) {
	key := newKey(t, now)
	i := issuerOf(t, key)
	claims := payload(t, signApplication(t, i, identity.ApplicationClaims{Token: 9, Workspace: 100}))
	header := map[string]any{"alg": "EdDSA", "kid": key.ID}
	seal := func(input []byte) []byte { return ed25519.Sign(key.Private, input) }
	if _, err := i.VerifyApplicationToken(forge(t, header, claims, seal), now); err != nil {
		t.Fatal("the control:", err)
	}
	for claim, value := range map[string]any{"sub": nil, "esc.org": nil, "iat": nil, "aud": "simferry"} {
		raw := forge(t, header, with(claims, claim, value), seal)
		if _, err := i.VerifyApplicationToken(raw, now); fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("%s %v: %v", claim, value, err)
		}
	}
}
