package identity

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/simferry/simferry/internal/fleet"
)

// DefaultTTL is how long a bearer is valid by default.
const DefaultTTL = 240 * time.Minute

// Issuer signs and verifies both kinds of token, bearers and application tokens. They differ in
// audience and in claims, so that one is never accepted as the other. All fields are required.
type Issuer struct {
	Keyring  *Keyring
	Name     string        // "iss"
	Audience string        // "aud" of a bearer
	TTL      time.Duration // of a bearer
}

// Claims holds the claims of a bearer. It names either a user or an application token.
type Claims struct {
	User          fleet.UserID      // 0 for an application token
	AppToken      fleet.TokenID     // 0 for a user
	Workspace     fleet.WorkspaceID // 0 only for a user without a Workspace
	WorkspaceName string
	Epoch         int64     // of the user's sessions: a bearer is valid while the user has the same epoch
	Session       string    // ID of the session, shared by a sign-in, its renewals and switches
	Expires       time.Time // Sign: an upper bound; if zero, only the TTL counts
	Issued        time.Time // Verify sets this and Key, Sign ignores them
	Key           string    // ID of the signing key
}

// bearerClaims is the JSON form of Claims; the API specifies the names.
type bearerClaims struct {
	jwt.Claims
	Workspace     fleet.WorkspaceID `json:"esc.org,omitempty"`
	WorkspaceName string            `json:"esc.orgName,omitempty"`
	AppToken      fleet.TokenID     `json:"esc.app,omitempty"`
	Epoch         int64             `json:"esc.epoch,omitempty"`
	Session       string            `json:"sid,omitempty"`
}

func (b *bearerClaims) standard() *jwt.Claims { return &b.Claims }

// Sign makes a bearer that is valid from now for the TTL, but not beyond Expires. It fails on
// Claims that Verify would refuse, which is a programming error.
func (i Issuer) Sign(c Claims, now time.Time) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	expires := now.Add(i.TTL)
	if !c.Expires.IsZero() && c.Expires.Before(expires) {
		expires = c.Expires
	}
	b := &bearerClaims{
		Claims:        i.stamp(i.Audience, now, expires),
		Workspace:     c.Workspace,
		WorkspaceName: c.WorkspaceName,
		AppToken:      c.AppToken,
		Epoch:         c.Epoch,
		Session:       c.Session,
	}
	if c.User != 0 {
		b.Subject = strconv.FormatInt(int64(c.User), 10)
	}
	return i.sign(b)
}

// Verify verifies a bearer. It checks the token only: the caller must ask the store whether the
// user or the application token is still active, and whether the epoch is the user's. Errors:
// fleet.TokenExpired, or fleet.InvalidToken for everything else, with the cause for the log;
// see also ErrUnknownKey.
func (i Issuer) Verify(raw string, now time.Time) (Claims, error) {
	var b bearerClaims
	key, err := i.open(raw, i.Audience, now, &b)
	if err != nil {
		return Claims{}, err
	}
	if b.Expiry == nil {
		return Claims{}, invalidToken(errors.New("no exp"))
	}
	c, err := b.claims()
	if err != nil {
		return Claims{}, invalidToken(err)
	}
	c.Key = key
	return c, nil
}

func (b *bearerClaims) claims() (Claims, error) {
	c := Claims{
		AppToken:      b.AppToken,
		Workspace:     b.Workspace,
		WorkspaceName: b.WorkspaceName,
		Epoch:         b.Epoch,
		Session:       b.Session,
		Issued:        b.IssuedAt.Time(),
		Expires:       b.Expiry.Time(),
	}
	if b.Subject != "" {
		id, err := parseSubject(b.Subject)
		if err != nil {
			return Claims{}, err
		}
		c.User = fleet.UserID(id)
	}
	return c, c.check()
}

// check returns why the claims are invalid, or nil.
func (c Claims) check() error {
	switch {
	case c.User < 0 || c.AppToken < 0 || c.Workspace < 0:
		return errors.New("bearer: an id is negative")
	case (c.User == 0) == (c.AppToken == 0):
		return errors.New("bearer: it must name a user or an application token, and only one")
	case c.AppToken != 0 && c.Workspace == 0:
		return errors.New("bearer: an application token without Workspace")
	}
	return nil
}

func parseSubject(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 {
		return 0, fmt.Errorf("sub %q is not an id", s)
	}
	return id, nil
}
