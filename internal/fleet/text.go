package fleet

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
)

// ParseUsername reads under what a user signs in: an e-mail address alone, in small letters
// from here on. The error names the text and the cure.
func ParseUsername(s string) (string, error) {
	address, err := mail.ParseAddress(s)
	if err != nil || address.Address != s {
		return "", fmt.Errorf("%q is no username: write an e-mail address, such as admin@example.com", clip(s))
	}
	return strings.ToLower(s), nil
}

// ParseName takes what somebody calls a thing as it is, and keeps line breaks and other
// control characters out of lists and logs. The error names the text and the cure.
func ParseName(s string) (string, error) {
	if strings.TrimSpace(s) == "" || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%q is no name: it must be some text in one line", clip(s))
	}
	return s, nil
}
