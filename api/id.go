package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// ID is an identifier in a request. Clients in languages without integers write 250 as 250.0 or
// 2.5e2, and all three are the same id. Fractions, strings and numbers beyond 64 signed bits
// are refused. The digits are parsed without a float.
type ID int64

// UnmarshalJSON reads an identifier. The error names the value and says what to send. null is
// refused too: if an id may be null, the field is a pointer or an Optional.
func (id *ID) UnmarshalJSON(data []byte) error {
	if n, ok := shortInteger(data); ok {
		*id = ID(n)
		return nil
	}
	n, err := wholeNumber(data)
	if err != nil {
		return fmt.Errorf("%s is not a valid id: %w", clip(data), err)
	}
	*id = ID(n)
	return nil
}

var (
	errNoNumber = errors.New("it must be a whole number, without quotes")
	errFraction = errors.New("it must be a whole number, without a fraction")
	errRange    = fmt.Errorf("it must lie between %d and %d", math.MinInt64, math.MaxInt64)
)

// shortInteger reads the usual form, up to 18 digits, without any allocation.
func shortInteger(data []byte) (n int64, ok bool) {
	if len(data) == 0 || len(data) > 18 || (data[0] == '0' && len(data) > 1) {
		return 0, false
	}
	for _, c := range data {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// wholeNumber reads any JSON number that has an integer value.
func wholeNumber(data []byte) (int64, error) {
	if !isNumber(data) {
		return 0, errNoNumber
	}
	mantissa, exponent := splitExponent(data)
	sign := ""
	if mantissa[0] == '-' {
		sign, mantissa = "-", mantissa[1:]
	}
	digits, point := decimal(mantissa)
	return integer(sign, digits, point+exponent)
}

// isNumber checks the grammar of JSON numbers: the rest relies on it.
func isNumber(data []byte) bool {
	if len(data) == 0 || !json.Valid(data) {
		return false
	}
	first, last := data[0], data[len(data)-1]
	return (first == '-' || isDigit(first)) && isDigit(last)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// splitExponent cuts 2.5e2 into 2.5 and 2. A huge exponent is clamped, so that a client cannot
// make the server write out a billion zeros.
func splitExponent(data []byte) (mantissa []byte, exponent int) {
	const absurd = 1 << 30
	i := bytes.IndexAny(data, "eE")
	if i < 0 {
		return data, 0
	}
	exponent, err := strconv.Atoi(string(data[i+1:]))
	if err != nil && data[i+1] == '-' {
		exponent = -absurd
	} else if err != nil {
		exponent = absurd
	}
	return data[:i], max(-absurd, min(absurd, exponent))
}

// decimal drops the point and the zeros around the significant digits: 0025.10 becomes 251 with
// the point after 2 digits.
func decimal(mantissa []byte) (digits []byte, point int) {
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	digits = append(append(digits, whole...), fraction...)
	significant := bytes.TrimLeft(digits, "0")
	point = len(whole) - (len(digits) - len(significant))
	return bytes.TrimRight(significant, "0"), point
}

func integer(sign string, digits []byte, point int) (int64, error) {
	switch {
	case len(digits) == 0:
		return 0, nil
	case len(digits) > point:
		return 0, errFraction
	case point > 19:
		return 0, errRange
	}
	zeros := bytes.Repeat([]byte("0"), point-len(digits))
	n, err := strconv.ParseInt(sign+string(digits)+string(zeros), 10, 64)
	if err != nil {
		return 0, errRange
	}
	return n, nil
}

// clip shortens an invalid value for an error message and removes invisible characters.
func clip(data []byte) string {
	const most = 40
	more := ""
	if len(data) > most {
		data, more = data[:most], "…"
	}
	visible := func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}
	return strings.Map(visible, string(bytes.ToValidUTF8(data, nil))) + more
}
