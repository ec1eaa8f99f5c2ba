package identity

import (
	"errors"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/simferry/simferry/internal/fleet"
)

// ApplicationClaims holds the claims of an application token. The token can only be exchanged
// for a bearer.
type ApplicationClaims struct {
	Token         fleet.TokenID
	Workspace     fleet.WorkspaceID
	WorkspaceName string
	Expires       time.Time // zero for never
	Issued        time.Time // VerifyApplicationToken sets these two, SignApplicationToken ignores them
	Key           string    // ID of the signing key
}

type applicationClaims struct {
	jwt.Claims
	Workspace     fleet.WorkspaceID `json:"esc.org"`
	WorkspaceName string            `json:"esc.orgName,omitempty"`
}

func (a *applicationClaims) standard() *jwt.Claims { return &a.Claims }

// SignApplicationToken makes an application token, which is shown once and not stored. It fails
// on claims without token or Workspace, which is a programming error.
func (i Issuer) SignApplicationToken(c ApplicationClaims, now time.Time) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	a := &applicationClaims{
		Claims:        i.stamp(i.applicationAudience(), now, c.Expires),
		Workspace:     c.Workspace,
		WorkspaceName: c.WorkspaceName,
	}
	a.Subject = strconv.FormatInt(int64(c.Token), 10)
	return i.sign(a)
}

// VerifyApplicationToken verifies an application token. The caller must ask the store whether
// it was revoked and whether the client's address may use it. Errors as for Verify.
func (i Issuer) VerifyApplicationToken(raw string, now time.Time) (ApplicationClaims, error) {
	var a applicationClaims
	key, err := i.open(raw, i.applicationAudience(), now, &a)
	if err != nil {
		return ApplicationClaims{}, err
	}
	c, err := a.claims()
	if err != nil {
		return ApplicationClaims{}, invalidToken(err)
	}
	c.Key = key
	return c, nil
}

func (a *applicationClaims) claims() (ApplicationClaims, error) {
	id, err := parseSubject(a.Subject)
	if err != nil {
		return ApplicationClaims{}, err
	}
	c := ApplicationClaims{
		Token:         fleet.TokenID(id),
		Workspace:     a.Workspace,
		WorkspaceName: a.WorkspaceName,
		Expires:       a.Expiry.Time(), // zero if there is none
		Issued:        a.IssuedAt.Time(),
	}
	return c, c.check()
}

func (c ApplicationClaims) check() error {
	if c.Token < 1 || c.Workspace < 1 {
		return errors.New("application token: it must have an id and a Workspace")
	}
	return nil
}

// applicationAudience names the one operation that accepts application tokens.
func (i Issuer) applicationAudience() string { return i.Audience + "/authenticate" }
