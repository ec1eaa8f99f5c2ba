package identity

import (
	"crypto/sha1" //nolint:gosec // the wire's format of a password; what is stored is Argon2id over it
	"encoding/hex"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// WireDigest is what a client sends for a password: the SHA-1 of its UTF-8 bytes as 40
// lower-case hex digits. It hides nothing: whoever has it can sign in.
func WireDigest(plain string) string {
	sum := sha1.Sum([]byte(plain)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// ParseWireDigest takes a password as the wire carries it, in either case, and gives it
// in lower case. Anything else is a fleet.BadRequest on "password"; the message does not
// repeat the value, because people send their plain password by mistake.
func ParseWireDigest(s string) (string, error) { return ParseWireDigestOf("password", s) }

// ParseWireDigestOf is ParseWireDigest for a property of another name.
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
