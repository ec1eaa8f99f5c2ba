package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/simferry/simferry/internal/fleet"
)

// MaxTokenLength is the longest token that is parsed, in bytes. Real tokens have about 400;
// anything longer is refused before it is decoded.
const MaxTokenLength = 8 << 10

// leeway is the accepted clock difference between two servers.
const leeway = 60 * time.Second

// ErrUnknownKey is in the chain of an InvalidToken error if the key is not in the ring: another
// server may have made it since the ring was read.
var ErrUnknownKey = errors.New("unknown kid")

// claimSet is the payload of either kind of token.
type claimSet interface{ standard() *jwt.Claims }

func (i Issuer) stamp(audience string, now, expires time.Time) jwt.Claims {
	return jwt.Claims{
		Issuer:   i.Name,
		Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(expires),
	}
}

func (i Issuer) sign(c claimSet) (string, error) {
	raw, err := jwt.Signed(i.Keyring.signer).Claims(c).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if len(raw) > MaxTokenLength {
		return "", fmt.Errorf("sign token: it has %d bytes, more than the %d that verify", len(raw), MaxTokenLength)
	}
	return raw, nil
}

// open makes the checks that both kinds of token share, decodes the claims into dest, and
// returns the ID of the signing key. It verifies the signature before it decodes any claim.
func (i Issuer) open(raw, audience string, now time.Time, dest claimSet) (key string, err error) {
	if err := checkSpelling(raw); err != nil {
		return "", invalidToken(err)
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return "", invalidToken(err)
	}
	id := token.Headers[0].KeyID
	public, known := i.Keyring.public[id]
	if !known {
		return "", invalidToken(ErrUnknownKey)
	}
	if err := token.Claims(public, dest); err != nil {
		return "", invalidToken(err)
	}
	return id, i.checkClaims(dest.standard(), audience, now)
}

// checkClaims does not use the library's validation, which skips a check if either side is
// empty.
func (i Issuer) checkClaims(c *jwt.Claims, audience string, now time.Time) error {
	switch {
	case c.Issuer != i.Name:
		return invalidToken(fmt.Errorf("iss is %q", c.Issuer))
	case len(c.Audience) != 1 || c.Audience[0] != audience:
		return invalidToken(fmt.Errorf("aud is %q", c.Audience))
	case c.IssuedAt == nil || now.Add(leeway).Before(c.IssuedAt.Time()):
		return invalidToken(errors.New("iat is missing or in the future"))
	case c.NotBefore != nil && now.Add(leeway).Before(c.NotBefore.Time()):
		return invalidToken(errors.New("nbf is in the future"))
	case c.Expiry != nil && !now.Add(-leeway).Before(c.Expiry.Time()):
		return fleet.Errorf(fleet.TokenExpired, "The token has expired; authenticate again")
	}
	return nil
}

// checkSpelling refuses tokens that are too long, and base64 variants that decode to the same
// bytes, so that each token has exactly one form.
func checkSpelling(raw string) error {
	if len(raw) > MaxTokenLength {
		return fmt.Errorf("it has %d bytes", len(raw))
	}
	if strings.ContainsAny(raw, "\r\n") { // decoders skip these
		return errors.New("it has line breaks")
	}
	for part := range strings.SplitSeq(raw, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return err
		}
	}
	return nil
}

func invalidToken(cause error) error {
	return &fleet.Error{Code: fleet.InvalidToken, Message: "The token is not valid; authenticate again", Err: cause}
}
