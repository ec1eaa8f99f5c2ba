// Package termtext prevents untrusted text from controlling a terminal. Names of SIMs, devices
// and Workspaces, messages of a server and lines of a file may contain escape sequences, or
// characters that reorder or hide their neighbours. [Writer] and [Escape] show such characters
// as \u001b, a notation that has the same meaning in JSON strings.
package termtext

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Unsafe reports whether a character could control a terminal, or change the display of its
// neighbours: control characters (C0, DEL, C1), directional and line separators, and characters
// without a width. The joiners U+200C and U+200D are safe: some scripts and emoji need them.
func Unsafe(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case r < 0xad:
		return false
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0x200b, r == 0x200e, r == 0x200f, r == 0xfeff: // marks, zero-width space, byte order mark
		return true
	case r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfff9 && r <= 0xfffb: // separators, embeddings, isolates
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

// Escape makes text safe to print within a line: unsafe characters, line ends and tabs
// included, become \u and four digits.
func Escape(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(shown(r))
		}
		s = s[size:]
	}
	return b.String()
}

func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, Unsafe)
}

func shown(r rune) string {
	switch {
	case !Unsafe(r):
		return string(r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	r -= 0x10000 // as JSON does it
	return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}

// Writer escapes everything that is written to it, except line ends and tabs. Standard output
// and standard error of every command are Writers. Code that draws progress bars or colours
// uses [Raw].
type Writer struct {
	w io.Writer

	mu   sync.Mutex
	rest []byte // the beginning of an incomplete character
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Raw returns the underlying writer of a Writer, and any other writer unchanged. Never write
// untrusted text to it.
func Raw(w io.Writer) io.Writer {
	if safe, ok := w.(*Writer); ok {
		return safe.w
	}
	return w
}

// Write escapes p and writes it.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) == 0 && plain(p) {
		return w.w.Write(p)
	}
	text := slices.Concat(w.rest, p)
	whole := len(text) - cutOff(text)
	w.rest = append([]byte(nil), text[whole:]...)
	if _, err := w.w.Write(escapeLines(text[:whole])); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes the bytes of an incomplete character.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := w.rest
	w.rest = nil
	if len(rest) == 0 {
		return nil
	}
	_, err := w.w.Write(escapeLines(rest))
	return err
}

// plain reports whether text is printable ASCII, line ends and tabs.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

// cutOff returns the number of bytes at the end that begin an incomplete character.
func cutOff(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if c := text[len(text)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

func escapeLines(text []byte) []byte {
	var b strings.Builder
	for len(text) > 0 {
		end := strings.IndexAny(string(text), "\n\t")
		if end < 0 {
			b.WriteString(Escape(string(text)))
			break
		}
		b.WriteString(Escape(string(text[:end])))
		b.WriteByte(text[end])
		text = text[end+1:]
	}
	return []byte(b.String())
}
