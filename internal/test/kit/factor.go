package kit

import (
	"net/http"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/identity"
)

// Authenticator is an app that shows codes, by the server's clock.
type Authenticator struct {
	server *Server
	secret string
}

// NewAuthenticator returns an app with a secret, in base32.
func NewAuthenticator(s *Server, secret string) Authenticator { return Authenticator{s, secret} }

// Code returns the present code.
func (a Authenticator) Code() string { return a.CodeAt(0) }

// CodeAt returns the code after a time, which may be negative.
func (a Authenticator) CodeAt(d time.Duration) string {
	a.server.T.Helper()
	code, err := totp.GenerateCode(a.secret, a.server.Clock.Now().Add(d))
	if err != nil {
		a.server.T.Fatal(err)
	}
	return code
}

// NewFactor makes a second factor for the caller, whose password is Password.
func (c *Client) NewFactor() (api.NewMFAKey, Authenticator) {
	c.T.Helper()
	var key api.NewMFAKey
	c.Post("/api/v1/user/mfa", map[string]any{"type": map[string]any{"id": 0}, "password": identity.WireDigest(Password)}).Is(http.StatusOK).JSON(&key)
	return key, Authenticator{c.Server, key.SecretKey}
}
