package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func newKey(t testing.TB, created time.Time) identity.Key {
	t.Helper()
	k, err := identity.GenerateKey(created)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func issuerOf(t testing.TB, keys ...identity.Key) identity.Issuer {
	t.Helper()
	ring, err := identity.NewKeyring(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Issuer{Keyring: ring, Name: "https://sims.example.com", Audience: "simferry", TTL: identity.DefaultTTL}
}

func sign(t testing.TB, i identity.Issuer, c identity.Claims) string {
	t.Helper()
	raw, err := i.Sign(c, now)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var (
	userClaims = identity.Claims{User: 7, Workspace: 100, WorkspaceName: `Fleet "DE" ü`, Epoch: 3}
	appClaims  = identity.Claims{AppToken: 9, Workspace: 100, WorkspaceName: "Fleet DE"}
)

// payload decodes the claims of a token without verifying it.
func payload(t testing.TB, raw string) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBearerOnTheWire(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	iat := float64(now.Unix())
	exp := float64(now.Add(4 * time.Hour).Unix())
	for _, test := range []struct {
		claims identity.Claims
		want   map[string]any
	}{
		{userClaims, map[string]any{
			"iss": i.Name, "aud": "simferry", "iat": iat, "exp": exp,
			"sub": "7", "esc.org": 100.0, "esc.orgName": `Fleet "DE" ü`, "esc.epoch": 3.0,
		}},
		{appClaims, map[string]any{
			"iss": i.Name, "aud": "simferry", "iat": iat, "exp": exp,
			"esc.org": 100.0, "esc.orgName": "Fleet DE", "esc.app": 9.0,
		}},
	} {
		if diff := cmp.Diff(test.want, payload(t, sign(t, i, test.claims))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBearerRoundTrip(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	rapid.Check(t, func(t *rapid.T) {
		want := identity.Claims{
			Workspace:     fleet.WorkspaceID(rapid.Int64Range(1, math.MaxInt64).Draw(t, "workspace")),
			WorkspaceName: rapid.StringN(0, 200, 800).Draw(t, "name"),
			Epoch:         rapid.Int64Min(0).Draw(t, "epoch"),
			Issued:        now,
			Expires:       now.Add(i.TTL),
			Session:       rapid.StringMatching("[0-9a-f-]{0,36}").Draw(t, "session"),
			Key:           i.Keyring.Signer(),
		}
		id := rapid.Int64Range(1, math.MaxInt64).Draw(t, "id")
		if rapid.Bool().Draw(t, "user") {
			want.User = fleet.UserID(id)
		} else {
			want.AppToken = fleet.TokenID(id)
		}
		raw, err := i.Sign(want, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := i.Verify(raw, now)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatal(err, diff)
		}
	})
}

func TestSignRefusesIncompleteClaims(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	for _, c := range []identity.Claims{
		{}, {Workspace: 1}, {User: 1, AppToken: 1, Workspace: 1}, {AppToken: 1},
		{User: -1, Workspace: 1}, {AppToken: -1, Workspace: 1}, {User: 1, Workspace: -1},
		{User: 1, Workspace: 1, WorkspaceName: strings.Repeat("x", identity.MaxTokenLength)},
	} {
		if _, err := i.Sign(c, now); err == nil || fleet.CodeOf(err) != 0 {
			t.Errorf("user %d token %d workspace %d: %v", c.User, c.AppToken, c.Workspace, err)
		}
	}
}

func TestTimesOfABearer(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	raw := sign(t, i, userClaims)
	for _, test := range []struct {
		at   time.Time
		want fleet.Code
	}{
		{now.Add(-61 * time.Second), fleet.InvalidToken}, // issued in the future
		{now.Add(-60 * time.Second), 0},
		{now.Add(i.TTL + 59*time.Second), 0},
		{now.Add(i.TTL + 60*time.Second), fleet.TokenExpired},
		{now.AddDate(100, 0, 0), fleet.TokenExpired},
	} {
		if _, err := i.Verify(raw, test.at); fleet.CodeOf(err) != test.want {
			t.Errorf("at %s: %v", test.at, err)
		}
	}
}

func TestBearerOfAnotherServer(t *testing.T) {
	key := newKey(t, now)
	i := issuerOf(t, key)
	raw := sign(t, i, userClaims)
	for what, change := range map[string]func(*identity.Issuer){
		"issuer":         func(i *identity.Issuer) { i.Name = "https://sims.example.org" },
		"no issuer":      func(i *identity.Issuer) { i.Name = "" },
		"audience":       func(i *identity.Issuer) { i.Audience = "other" },
		"no audience":    func(i *identity.Issuer) { i.Audience = "" },
		"audience's end": func(i *identity.Issuer) { i.Audience = "simferr" },
		"key":            func(i *identity.Issuer) { i.Keyring = issuerOf(t, newKey(t, now)).Keyring },
	} {
		other := i
		change(&other)
		if _, err := other.Verify(raw, now); fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("another %s: %v", what, err)
		}
	}
}

// A token with any changed character is invalid, even if it decodes to the same bytes.
func TestTamperedBearer(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	raw := sign(t, i, userClaims)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00"
	for at := range len(raw) {
		for _, c := range []byte(alphabet) {
			changed := raw[:at] + string(rune(c)) + raw[at+1:]
			if c == raw[at] || at%7 != 0 && at < len(raw)-2 { // all of the last characters, and a sample of the others
				continue
			}
			if _, err := i.Verify(changed, now); fleet.CodeOf(err) != fleet.InvalidToken {
				t.Fatalf("character %d changed to %q: %v", at, c, err)
			}
		}
	}
	for _, other := range []string{raw + "\n", " " + raw, raw + ".", raw + "=", raw[:len(raw)-1], "Bearer " + raw} {
		if _, err := i.Verify(other, now); fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("%q: %v", other, err)
		}
	}
}

func TestGarbageIsRefused(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	for _, raw := range []string{
		"", ".", "..", "...", "a.b.c", "null", "{}", "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "\x00\xff",
		strings.Repeat("A", 10<<20), strings.Repeat(".", identity.MaxTokenLength), sign(t, i, userClaims) + strings.Repeat("A", identity.MaxTokenLength),
	} {
		for kind, verify := range bothKinds(i) {
			err := verify(raw)
			if fleet.CodeOf(err) != fleet.InvalidToken || err.Error() == "" {
				t.Errorf("%s of %d bytes: %v", kind, len(raw), err)
			}
		}
	}
}

func bothKinds(i identity.Issuer) map[string]func(string) error {
	return map[string]func(string) error{
		"bearer":            func(raw string) error { _, err := i.Verify(raw, now); return err },
		"application token": func(raw string) error { _, err := i.VerifyApplicationToken(raw, now); return err },
	}
}

func TestRefusalsHaveOneMessage(t *testing.T) {
	i := issuerOf(t, newKey(t, now))
	messages := make(map[string]bool)
	for _, raw := range []string{"garbage", sign(t, issuerOf(t, newKey(t, now)), userClaims), sign(t, i, userClaims) + "A"} {
		_, err := i.Verify(raw, now)
		var e *fleet.Error
		if !errors.As(err, &e) || e.Err == nil {
			t.Fatalf("no cause for the log: %v", err)
		}
		messages[e.Message] = true
	}
	if len(messages) != 1 {
		t.Errorf("the messages differ: %v", messages)
	}
}
