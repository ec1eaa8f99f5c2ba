package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// secretBytes is the entropy of a secret. It is too large to guess, so a plain SHA-256 of it
// can be stored and used as a key.
const secretBytes = 32

// NewSecret makes an opaque secret, such as a refresh token: 256 random bits as 43 characters
// of base64url. Return the secret to the client once and store only its hash.
func NewSecret() (secret string, hash []byte) {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails: the process crashes if there is no randomness
	secret = base64.RawURLEncoding.EncodeToString(raw)
	return secret, HashSecret(secret)
}

// NewSecretKey returns a random key for DeriveSecret.
func NewSecretKey() []byte {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails
	return key
}

// DeriveSecret derives a secret from another one and a key. It is always the same for the same
// two, and cannot be computed without both.
func DeriveSecret(key []byte, secret string) (derived string, hash []byte) {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(secret)) // a hash never fails
	derived = base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return derived, HashSecret(derived)
}

// HashSecret returns the 32-byte hash under which a secret is stored and found.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
