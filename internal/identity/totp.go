package identity

import (
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// The variant of TOTP (RFC 6238) that every authenticator app supports: six digits of
// HMAC-SHA-1, a new code every 30 seconds, and a secret of 160 bits.
const (
	totpStep   = 30 * time.Second
	totpWindow = 1 // steps accepted on either side, for clocks that differ
	totpSecret = 20
	totpDigits = otp.DigitsSix
)

var totpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// TOTP is a new second factor, which is shown to its owner once.
type TOTP struct {
	Secret []byte // to store
	Text   string // the secret in base32, to type
	URL    string // the secret as otpauth://, to show as a QR code
}

// NewTOTP makes a random second factor for a user name.
func NewTOTP(username string) (TOTP, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Simferry", AccountName: username, SecretSize: totpSecret, Digits: totpDigits})
	if err != nil {
		return TOTP{}, fmt.Errorf("make second factor: %w", err)
	}
	secret, err := totpEncoding.DecodeString(key.Secret())
	return TOTP{secret, key.Secret(), key.URL()}, err
}

// TOTPStep returns the time step of a code: the present one, or one on either side. ok is false
// if the code matches none. A caller must accept each step only once: otherwise an observed
// code could be used again for a minute and a half.
func TOTPStep(secret []byte, code string, now time.Time) (step int64, ok bool, err error) {
	text, current := totpEncoding.EncodeToString(secret), now.Unix()/int64(totpStep/time.Second)
	for s := current - totpWindow; s <= current+totpWindow; s++ {
		want, err := hotp.GenerateCodeCustom(text, uint64(s), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false, fmt.Errorf("compute code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true // no early return: the time must not show which step matched
		}
	}
	return step, ok, nil
}
