package intake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxText bounds what is read: a million ICCIDs with a few columns beside them.
const maxText = 256 << 20

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(raw) > maxText {
		err = fmt.Errorf("it has more than %d MB", maxText>>20)
	}
	return raw, err
}

// decodeText makes UTF-8 of what spreadsheets save: with a byte order mark or without, or in
// UTF-16, which Excel calls "Unicode text".
func decodeText(raw []byte) (string, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")), bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return "", errors.New("it is a spreadsheet of its own format: save it as CSV, with the ICCID column formatted as text")
	case bytes.HasPrefix(raw, []byte("\x1f\x8b")):
		return "", errors.New("it is compressed: unpack it first")
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return wide(raw[2:], binary.LittleEndian)
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return wide(raw[2:], binary.BigEndian)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(raw, 0) >= 0 {
		return "", errors.New("it is no text: save the list as CSV or plain text")
	}
	if !utf8.Valid(raw) {
		raw = latin1(raw) // names of cities beside the numbers; the numbers are ASCII anyway
	}
	return string(raw), nil
}

func wide(raw []byte, order binary.ByteOrder) (string, error) {
	if len(raw)%2 != 0 {
		return "", errors.New("it is cut off: UTF-16 text has an even number of bytes")
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units)), nil
}

func latin1(raw []byte) []byte {
	var b bytes.Buffer
	for _, c := range raw {
		b.WriteRune(rune(c))
	}
	return b.Bytes()
}

// lines cuts at every kind of line end.
func lines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.Split(text, "\n")
}

// plainSpaces turns what looks like a space or a hyphen into one; what cannot be seen
// goes.
var plainSpaces = strings.NewReplacer(
	"\u00a0", " ", "\u2007", " ", "\u2009", " ", "\u202f", " ", "\u3000", " ",
	"\u200b", "", "\u200e", "", "\u200f", "", "\u2060", "", "\ufeff", "",
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
)
