package identity

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

const (
	receivingCodeBytes = 20 // 160 bits
	receivingCodeGroup = 8  // letters between two dashes
)

var receivingCodeEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewReceivingCode makes a receiving code: 160 random bits as four groups of eight letters and
// digits. Show the code once and store only its hash.
func NewReceivingCode() (code string, hash []byte) {
	raw := make([]byte, receivingCodeBytes)
	_, _ = rand.Read(raw) // never fails
	letters := receivingCodeEncoding.EncodeToString(raw)
	groups := make([]string, 0, len(letters)/receivingCodeGroup)
	for len(letters) > 0 {
		groups, letters = append(groups, letters[:receivingCodeGroup]), letters[receivingCodeGroup:]
	}
	code = strings.Join(groups, "-")
	return code, HashReceivingCode(code)
}

// HashReceivingCode returns the hash under which a receiving code is stored and found. Case, spaces
// and dashes do not count.
func HashReceivingCode(typed string) []byte {
	letters := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	return HashSecret("receiving code " + letters)
}
