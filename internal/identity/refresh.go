package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// secretBytes is the entropy of a secret: too much to guess, so a plain SHA-256 of it
// may be stored and looked up by equality.
const secretBytes = 32

// NewSecret makes an opaque secret, such as a refresh token: 256 random bits as 43
// characters of base64url. Give the secret away once and store only the hash.
func NewSecret() (secret string, hash []byte) {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // documented never to fail: the process ends where there is no randomness
	secret = base64.RawURLEncoding.EncodeToString(raw)
	return secret, HashSecret(secret)
}

// NewSecretKey returns a random key for DeriveSecret.
func NewSecretKey() []byte {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // documented never to fail
	return key
}

// DeriveSecret returns the secret that follows from another one under a key: always the same
// for the same two, and unknown to anyone who lacks either of them.
func DeriveSecret(key []byte, secret string) (derived string, hash []byte) {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(secret)) // a hash never fails
	derived = base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return derived, HashSecret(derived)
}

// HashSecret is the 32 bytes under which a secret is stored and found again.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
