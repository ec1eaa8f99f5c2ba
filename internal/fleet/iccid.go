package fleet

import (
	"fmt"
)

// ICCIDLength is the number of digits of an ICCID without its check digit.
const ICCIDLength = 19

// ICCID is a SIM card's serial number: exactly 19 decimal digits, no check digit. It is
// a string because 19 digits overflow both int64 and the exact range of a float64.
type ICCID string

// ParseICCID accepts exactly 19 digits. The error for a 20-digit number says what to do: it is
// usually an ICCID with its check digit, and guessing would hide typing mistakes.
func ParseICCID(s string) (ICCID, error) {
	switch {
	case !digitsOnly(s):
		return "", fmt.Errorf("%q is not a valid ICCID: it must be exactly %d digits", Clip(s), ICCIDLength)
	case len(s) == ICCIDLength+1:
		return "", twentyDigits(s)
	case len(s) != ICCIDLength:
		return "", fmt.Errorf("%q is not a valid ICCID: it has %d digits, not %d", Clip(s), len(s), ICCIDLength)
	}
	return ICCID(s), nil
}

// ParseICCIDWithLuhn accepts 19 digits, or 20 of which the last is the right check digit. It is
// for spreadsheets and files; the API uses ParseICCID only.
func ParseICCIDWithLuhn(s string) (ICCID, error) {
	if len(s) != ICCIDLength+1 || !digitsOnly(s) {
		return ParseICCID(s)
	}
	if id := ICCID(s[:ICCIDLength]); id.WithLuhn() == s {
		return id, nil
	}
	return "", twentyDigits(s)
}

func twentyDigits(s string) error {
	id := ICCID(s[:ICCIDLength])
	if id.WithLuhn() == s {
		return fmt.Errorf("%q has 20 digits, the last being the check digit: drop it and send %q", s, id)
	}
	return fmt.Errorf("%q has 20 digits and its last is not the check digit of the first 19 (that would be %c)",
		s, id.CheckDigit())
}

// CheckDigit returns the Luhn digit of the 19 digits.
func (id ICCID) CheckDigit() byte {
	sum := 0
	for i := range len(id) {
		d := int(id[len(id)-1-i] - '0')
		if i%2 == 0 { // the digit next to the check digit is doubled, then every second one
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// WithLuhn returns the 20-digit form that is printed on the card.
func (id ICCID) WithLuhn() string {
	b := make([]byte, 0, ICCIDLength+1) // stays on the stack: one allocation, not two
	return string(append(append(b, id...), id.CheckDigit()))
}

// number returns the ICCID as an integer: 10^19-1 fits into 64 unsigned bits.
func (id ICCID) number() uint64 {
	var n uint64
	for i := range len(id) {
		n = n*10 + uint64(id[i]-'0')
	}
	return n
}

// Add returns the ICCID plus n. ok is false beyond the last 19-digit number.
func (id ICCID) Add(n int) (next ICCID, ok bool) {
	const last = 9_999_999_999_999_999_999 // 19 nines
	from := id.number()
	if n < 0 || uint64(n) > last-from { // not from+n > last: the sum may not fit into 64 bits
		return "", false
	}
	return ICCID(fmt.Sprintf("%019d", from+uint64(n))), true
}

// distance returns how many numbers lie between id and a later one; both are valid.
func (id ICCID) distance(later ICCID) uint64 { return later.number() - id.number() }

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
