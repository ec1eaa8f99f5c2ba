package httpapi_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

func exchange(c *kit.Client, applicationToken string) *kit.Answer {
	c.T.Helper()
	return c.Post(authenticate, object{"application_token": applicationToken})
}

func TestApplicationToken(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		made := newApplicationToken(s, control.NewToken{Description: "billing"})
		got := tokensOf(exchange(s.Anonymous(), made.Text))
		if got.RefreshToken != "" {
			t.Error("an application token has a refresh token")
		}
		program := withBearer(s, got.AuthToken)
		var place struct{ ID int64 }
		program.Get("/api/v1/organisation/my").Is(http.StatusOK).JSON(&place)
		if place.ID != kit.FleetDE {
			t.Errorf("it is of Workspace %d", place.ID)
		}
		program.Get("/api/v1/user/my").Is(http.StatusNotFound)
		revoke(s, made.ID)
		program.Get("/api/v1/organisation/my").Is(http.StatusUnauthorized)
		exchange(s.Anonymous(), made.Text).Is(http.StatusUnauthorized)
	})
}

func TestApplicationTokenExpires(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		made := newApplicationToken(s, control.NewToken{Expires: s.Clock.Now().Add(time.Hour)})
		program := application(s, made)
		s.Clock.Advance(time.Hour - time.Second)
		program.Get("/api/v1/sim/status").Is(http.StatusOK)
		s.Clock.Advance(time.Second) // long before the bearer itself expires
		program.Get("/api/v1/sim/status").Is(http.StatusUnauthorized)
		exchange(s.Anonymous(), made.Text).Is(http.StatusUnauthorized)
	})
}

// The network is checked at the exchange and at each request.
func TestApplicationTokenNetwork(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	for _, test := range []struct{ cidr, inside, outside string }{
		{"203.0.113.0/24", "203.0.113.200", "203.0.114.1"},
		{"203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8"},
		{"2001:db8::/32", "2001:db8::1", "2001:db9::1"},
		{"::ffff:203.0.113.0/120", "203.0.113.200", "203.0.114.1"},
		{"203.0.113.0/24", "203.0.113.200:4711", "203.0.114.1:4711"},
		{"2001:db8::/32", "[2001:db8::1]:443", "[2001:db9::1]:443"},
		{"fe80::/64", "fe80::1%eth0", "[fe80:0:0:1::1%eth0]:80"},
	} {
		made := newApplicationToken(s, control.NewToken{CIDR: test.cidr})
		got := tokensOf(exchange(fromAddress(s, test.inside), made.Text))
		exchange(fromAddress(s, test.outside), made.Text).Is(http.StatusUnauthorized)
		exchange(s.Anonymous(), made.Text).Is(http.StatusUnauthorized)
		program := withBearer(s, got.AuthToken)
		program.With("X-Forwarded-For", test.inside).Get("/api/v1/sim/status").Is(http.StatusOK)
		program.With("X-Forwarded-For", test.outside).Get("/api/v1/sim/status").Is(http.StatusUnauthorized)
		program.With("X-Forwarded-For", test.inside+", "+test.outside).Get("/api/v1/sim/status").Is(http.StatusUnauthorized)
	}
}

// A network that cannot contain a client's address, or that contains more than its address
// suggests, is refused in every operation with a network.
func TestNetworksThatMatchNothing(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	for _, cidr := range []string{"fe80::1%eth0", "fe80::%1/64", "::ffff:0:0/80", "::ffff:10.0.0.0/8", "10.0.0.0/40", "lan", "10.0.0.5/8", "2001:db8::1/32", "::ffff:10.0.0.5/104"} {
		got := wantCode(t, admin.Post(tokensURL, object{"description": "x", "ip": cidr}), http.StatusBadRequest, 1000)
		if !strings.HasPrefix(got.Message, "ip: ") {
			t.Errorf("%s: %s", cidr, got.Message)
		}
		_, err := operator.New(s.Control).CreateApplicationToken(t.Context(), control.NewToken{Workspace: kit.FleetDE, CIDR: cidr})
		if fleet.CodeOf(err) != fleet.BadRequest || !strings.HasPrefix(err.Error(), "cidr: ") {
			t.Errorf("%s: %v", cidr, err)
		}
	}
}

func TestBearerExpires(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	c := s.As("admin@example.com")
	s.Clock.Advance(240 * time.Minute)
	c.Get("/api/v1/sim/status").Is(http.StatusOK) // clocks of servers may differ by a minute
	s.Clock.Advance(time.Minute)
	got := c.Get("/api/v1/sim/status").Is(http.StatusUnauthorized)
	if !strings.Contains(string(got.Body), "expired") {
		t.Errorf("the body does not tell why: %s", got.Body)
	}
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodePart(t *testing.T, token string, part int) object {
	t.Helper()
	var got object
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Only tokens signed by this installation are accepted.
func TestForgedBearers(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	good := s.As("observer@example.com").Token
	withBearer(s, good).Get("/api/v1/sim/status").Is(http.StatusOK)
	parts := strings.Split(good, ".")
	header, claims := decodePart(t, good, 0), decodePart(t, good, 1)
	kid := fmt.Sprint(header["kid"])
	their, theirs, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(header, claims object) string {
		text := encode(header) + "." + encode(claims)
		return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(theirs, []byte(text)))
	}
	claims["sub"] = "1" // the Administrator
	for name, token := range map[string]string{
		"other claims":            parts[0] + "." + encode(claims) + "." + parts[2],
		"alg none":                encode(object{"alg": "none", "typ": "JWT"}) + "." + encode(claims) + ".",
		"alg none with kid":       encode(object{"alg": "none", "kid": kid}) + "." + encode(claims) + "." + parts[2],
		"alg None":                encode(object{"alg": "NONE", "kid": kid}) + "." + encode(claims) + ".",
		"alg HS256":               signed(object{"alg": "HS256", "kid": kid}, claims),
		"another's key":           signed(object{"alg": "EdDSA", "kid": kid}, claims),
		"another's key, no kid":   signed(object{"alg": "EdDSA"}, claims),
		"another's kid":           signed(object{"alg": "EdDSA", "kid": "theirs"}, claims),
		"its own key in a header": signed(object{"alg": "EdDSA", "kid": "theirs", "jwk": object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(their)}}, claims),
		"a key's address":         signed(object{"alg": "EdDSA", "kid": "theirs", "jku": "http://127.0.0.1:1/keys"}, claims),
		"no signature":            parts[0] + "." + parts[1] + ".",
		"two parts":               parts[0] + "." + parts[1],
		"four parts":              good + "." + parts[2],
		"a changed signature":     good[:len(good)-4] + "AAAA",
		"padding":                 good + "=",
		"empty parts":             "..",
		"a refresh token":         tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password)).RefreshToken,
		"very long":               strings.Repeat("a", 30_000),
	} {
		got := withBearer(s, token).Get("/api/v1/user/my")
		if got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	for name, value := range map[string]string{
		"no scheme": good, "two tokens": "Bearer " + good + " " + good, "a comma": "Bearer " + good + ",", "no token": "Bearer ", "token": "Token " + good,
	} {
		if got := s.Anonymous().With("Authorization", value).Get("/api/v1/user/my"); got.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	s.Anonymous().With("Authorization", "bearer  "+good).Get("/api/v1/user/my").Is(http.StatusOK) // RFC 9110: the scheme in any case
}

func TestSwitchWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		here := s.As("user@example.com")
		there := here.In(kit.FleetFR)
		for c, want := range map[*kit.Client]int64{here: 100, there: 200} { // the old one stays valid
			var place struct{ ID int64 }
			c.Get("/api/v1/organisation/my").Is(http.StatusOK).JSON(&place)
			if place.ID != want {
				t.Errorf("the token is of Workspace %d, want %d", place.ID, want)
			}
		}
		var events []struct {
			Type         struct{ ID int } `json:"event_type"`
			Organisation struct{ ID int64 }
			User         struct{ Username string }
		}
		there.Get("/api/v1/event?q=event_type:67").Is(http.StatusOK).JSON(&events)
		if len(events) != 1 || events[0].Organisation.ID != kit.FleetFR || events[0].User.Username != "user@example.com" {
			t.Errorf("events of the target: %+v", events)
		}
		here.Get("/api/v1/event?q=event_type:67").Is(http.StatusOK).JSON(&events)
		if len(events) != 0 {
			t.Errorf("events of the other: %+v", events)
		}
		for _, body := range []string{`{}`, `{"target_organisation": null}`, `{"target_organisation": {}}`, `{"target_organisation": {"id": "200"}}`, `{"target_organisation": 200}`} {
			wantCode(t, here.Post(authenticate+"/workspace", body), http.StatusBadRequest, 1000)
		}
	})
}
