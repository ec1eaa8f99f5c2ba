package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// OperatorTokens holds the valid credentials of the operator API. There may be several, so that
// tokens can be rotated without a gap. Only their hashes are kept.
type OperatorTokens []operatorToken

type operatorToken struct {
	name string
	hash [sha256.Size]byte
}

// Lower bounds for a token of 256 bits: length in base64 and in hexadecimal digits, and the
// number of different characters, which excludes tokens typed by hand.
const (
	minToken, maxToken = 43, 512
	minHex             = 64
	minDistinct        = 10
	maxTokenName       = 40
)

// NewOperatorToken makes a credential of the operator API: 256 random bits with a prefix that
// scanners for leaked secrets can recognize.
func NewOperatorToken() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	return "sfop_" + base64.RawURLEncoding.EncodeToString(secret[:])
}

// ParseOperatorTokens reads a file of tokens: one per line, with or without a name and a space
// before it. The name identifies the token in the log and in the audit log; the default is the
// beginning of the token's hash. Empty lines and lines that begin with # are skipped.
//
// Errors name the line but never quote it.
func ParseOperatorTokens(text string) (OperatorTokens, error) {
	var all OperatorTokens
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		t, err := parseOperatorToken(fields)
		if err == nil {
			err = all.clash(t)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return nil, errors.New("the file has no token: make one with 'simferry operator token'")
	}
	return all, nil
}

func parseOperatorToken(fields []string) (operatorToken, error) {
	secret := fields[len(fields)-1]
	t := operatorToken{hash: sha256.Sum256([]byte(secret))}
	switch {
	case len(fields) > 2:
		return t, errors.New("a line must be a name and a token, neither with spaces")
	case !strong(secret):
		return t, errors.New("the token is too weak: make one with 'simferry operator token' or 'openssl rand -hex 32'")
	case len(fields) == 1:
		t.name = "token-" + hex.EncodeToString(t.hash[:4])
	case !tokenName(fields[0]):
		return t, fmt.Errorf("the name has other characters than letters, digits, '.', '_' and '-', or more than %d of them", maxTokenName)
	default:
		t.name = fields[0]
	}
	return t, nil
}

func (list OperatorTokens) clash(t operatorToken) error {
	for _, other := range list {
		switch {
		case other.hash == t.hash:
			return fmt.Errorf("%s has the same token: make another one", other.name)
		case other.name == t.name:
			return fmt.Errorf("the name %s is used twice: choose another", t.name)
		}
	}
	return nil
}

// strong reports whether a text looks as if it had 256 random bits.
func strong(secret string) bool {
	if len(secret) < minToken || len(secret) > maxToken {
		return false
	}
	distinct, hexadecimal := make(map[rune]bool), true
	for _, c := range secret {
		if c <= ' ' || c > '~' {
			return false
		}
		distinct[c] = true
		hexadecimal = hexadecimal && strings.ContainsRune("0123456789abcdefABCDEF", c)
	}
	return len(distinct) >= minDistinct && (!hexadecimal || len(secret) >= minHex)
}

func tokenName(s string) bool {
	const known = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return len(s) <= maxTokenName && strings.Trim(s, known) == ""
}

// ValidOperatorTokenName reports whether a token may have the name.
func ValidOperatorTokenName(s string) bool { return s != "" && tokenName(s) }

// Fixed returns a function that always returns this list, for callers that never reload it.
func (list OperatorTokens) Fixed() func() OperatorTokens {
	return func() OperatorTokens { return list }
}

// Match returns the name of a token that a client has sent. It compares all hashes in constant
// time.
func (list OperatorTokens) Match(sent string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(sent))
	for _, t := range list {
		if subtle.ConstantTimeCompare(t.hash[:], hash[:]) == 1 {
			name, ok = t.name, true
		}
	}
	return name, ok
}
