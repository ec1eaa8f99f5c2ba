package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

const authenticate = "/api/v1/authenticate"

// credentials returns what a user sends to sign in.
func credentials(username, password string) object {
	return object{"username": username, "password": identity.WireDigest(password)}
}

// signIn tries to sign a user in from the client's address.
func signIn(c *kit.Client, username, password string) *kit.Answer {
	c.T.Helper()
	return c.Post(authenticate, credentials(username, password))
}

// fromAddress returns a client at an address, behind a trusted proxy.
func fromAddress(s *kit.Server, address string) *kit.Client {
	return s.Anonymous().With("X-Forwarded-For", address)
}

// tokensOf decodes the response of a sign-in.
func tokensOf(a *kit.Answer) api.AuthResponse {
	a.T.Helper()
	var got api.AuthResponse
	a.Is(http.StatusOK).JSON(&got)
	return got
}

// withBearer returns a client with a bearer.
func withBearer(s *kit.Server, bearer string) *kit.Client {
	c := s.Anonymous()
	c.Token = bearer
	return c
}

// newApplicationToken makes a token of Workspace 100 and returns its id and text.
func newApplicationToken(s *kit.Server, n control.NewToken) control.CreatedToken {
	s.T.Helper()
	if n.Workspace == 0 {
		n.Workspace = kit.FleetDE
	}
	made, err := operator.New(s.Control).CreateApplicationToken(s.T.Context(), n)
	if err != nil {
		s.T.Fatal(err)
	}
	return made
}

// application signs in with an application token.
func application(s *kit.Server, made control.CreatedToken) *kit.Client {
	s.T.Helper()
	return withBearer(s, tokensOf(s.Anonymous().Post(authenticate, object{"application_token": made.Text})).AuthToken)
}

func revoke(s *kit.Server, id fleet.TokenID) {
	s.T.Helper()
	s.Exec(fmt.Sprintf("UPDATE application_tokens SET status = 1 WHERE id = %d", id))
}

func suspend(s *kit.Server, user fleet.UserID) {
	s.T.Helper()
	s.Exec(fmt.Sprintf("UPDATE users SET status = 2 WHERE id = %d", user))
}

// beyond exceeds the lifetime of a bearer, including the leeway for clocks.
const beyond = identity.DefaultTTL + 2*time.Minute

// wantCode checks the code of an error body.
func wantCode(t *testing.T, a *kit.Answer, status, code int) api.Error {
	t.Helper()
	var got api.Error
	a.Is(status).JSON(&got)
	if got.ErrorCode != code || got.Message == "" || got.ErrorToken == "" {
		t.Errorf("%s: %s, want the code %d", a.Request, a.Body, code)
	}
	return got
}

// currentWorkspace returns the same client for a subtest.
func currentWorkspace(t *testing.T, c *kit.Client) *kit.Client {
	t.Helper()
	other := *c
	other.T = t
	return &other
}
