package fleet

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The maximum sizes of texts. The bearer tokens of a Workspace contain its name, and must fit into
// a header.
const (
	MaxName     = 255  // characters
	MaxTags     = 1024 // characters
	MaxUsername = 254  // bytes, as RFC 5321 has it
)

// ParseUsername parses a user name: an e-mail address without a display name, converted to
// lower case. The error quotes the text and says what to do.
func ParseUsername(s string) (string, error) {
	if len(s) > MaxUsername {
		return "", fmt.Errorf("at most %d bytes", MaxUsername)
	}
	if err := CheckText(s); err != nil {
		return "", err
	}
	address, err := mail.ParseAddress(s)
	if err != nil || address.Address != s {
		return "", fmt.Errorf("%q is not a username: write an e-mail address, such as admin@example.com", Clip(s))
	}
	if i := strings.IndexFunc(s, joins); i >= 0 {
		return "", hiddenCharacter(s, i)
	}
	return strings.ToLower(s), nil
}

// ParseName parses the name of an object, in one line. The error quotes the text and says what
// to do.
func ParseName(s string) (string, error) { return parseLine(s, MaxName) }

// ParseTags parses the tags of a device by the rules of ParseName.
func ParseTags(s string) (string, error) { return parseLine(s, MaxTags) }

func parseLine(s string, most int) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", fmt.Errorf("%q is not a name: write some text in one line", Clip(s))
	}
	if utf8.RuneCountInString(s) > most {
		return "", fmt.Errorf("at most %d characters", most)
	}
	return s, CheckText(s)
}

// CheckText rejects hidden characters in a text for display: control characters (C0, DEL, C1,
// including ESC and BEL), line breaks, characters that change the direction of text, and
// invisible characters. They could control a terminal, forge log lines, or make two names look
// alike. Joiners and variation selectors are accepted where scripts and emoji need them. The
// error names the character and says what to do.
func CheckText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not valid UTF-8: save or send it as UTF-8", Clip(s))
	}
	before := rune(0)
	for i, r := range s {
		if joins(r) && !joinsAfter(before, r) || hidden(r) {
			return hiddenCharacter(s, i)
		}
		before = r
	}
	return nil
}

func hiddenCharacter(s string, i int) error {
	r, _ := utf8.DecodeRuneInString(s[i:])
	what := "invisible"
	if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
		what = "control"
	}
	return fmt.Errorf("%+q contains the %s character %U: remove it, and write some text in one line", Clip(s), what, r)
}

// hidden reports whether a character is invisible and has no use in a name.
func hidden(r rune) bool {
	const brailleBlank = 0x2800
	return r == brailleBlank || !joins(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// joins reports whether a character is invisible, but changes its neighbours in some scripts.
func joins(r rune) bool {
	return unicode.In(r, unicode.Join_Control, unicode.Variation_Selector)
}

// joinsAfter reports whether a joiner or a variation selector has an effect after a character.
func joinsAfter(before, r rune) bool {
	switch {
	case unicode.Is(unicode.Join_Control, r): // of cursive and Indic scripts, and between emoji
		plain := unicode.In(before, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Hangul)
		return !plain && (unicode.IsLetter(before) || unicode.IsMark(before) || unicode.In(before, unicode.So, unicode.Sk))
	case unicode.In(before, unicode.Mongolian, unicode.Han):
		return true
	}
	return unicode.In(before, unicode.So, unicode.Sm)
}

// Clip shortens an invalid value for an error message.
func Clip(s string) string { return ClipTo(s, 40) }

// ClipTo clips a text like Clip, to a maximum in bytes.
func ClipTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
