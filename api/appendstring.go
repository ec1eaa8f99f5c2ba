package api

import "unicode/utf8"

// plain marks the bytes that need no escaping in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString writes a JSON string. Runs of plain bytes, which are nearly everything, are
// copied at once.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for s != "" {
		n := plainPrefix(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; s != "" {
			r, size := utf8.DecodeRuneInString(s)
			dst = appendRune(dst, r, size)
			s = s[size:]
		}
	}
	return append(dst, '"')
}

func plainPrefix(s string) int {
	for i := range len(s) {
		if !plain[s[i]] {
			return i
		}
	}
	return len(s)
}

// appendRune writes a character that is not plain: an invalid UTF-8 byte becomes the
// replacement character, and the two line separators are escaped because old JavaScript treats
// them as line ends.
func appendRune(dst []byte, r rune, size int) []byte {
	switch {
	case r < utf8.RuneSelf:
		return appendControl(dst, byte(r))
	case r == utf8.RuneError && size == 1:
		return append(dst, `\ufffd`...)
	case r == '\u2028':
		return append(dst, `\u2028`...)
	case r == '\u2029':
		return append(dst, `\u2029`...)
	}
	return utf8.AppendRune(dst, r)
}

func appendControl(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}
