package identity

import (
	"crypto/sha1" //nolint:gosec // the wire's format of a password; what is stored is Argon2id over it
	"encoding/hex"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// WireDigest returns what a client sends for a password: the SHA-1 of its UTF-8 bytes as 40
// lower-case hex digits. The digest itself is a credential: anyone who has it can sign in.
func WireDigest(plain string) string {
	sum := sha1.Sum([]byte(plain)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// ParseWireDigest checks a password digest from a request, in either case, and returns it in
// lower case. Anything else is a fleet.BadRequest on "password". The message does not repeat
// the value, because users send their plain password by mistake.
func ParseWireDigest(s string) (string, error) { return ParseWireDigestOf("password", s) }

// ParseWireDigestOf is ParseWireDigest with the name of the property that errors mention.
func ParseWireDigestOf(field, s string) (string, error) {
	if len(s) != hex.EncodedLen(sha1.Size) {
		return "", notDigest(field)
	}
	if _, err := hex.DecodeString(s); err != nil {
		return "", notDigest(field)
	}
	return strings.ToLower(s), nil
}

func notDigest(field string) error {
	return fleet.Invalid(field, "send the SHA-1 of the password as %d hexadecimal digits", hex.EncodedLen(sha1.Size))
}
