package fleet

import (
	"strings"
	"unicode/utf8"
)

// The maximum lengths of a note, in characters.
const (
	MaxReference = 100
	MaxReason    = 500
)

// Note is what the caller says about a change: a reference, such as the number of a ticket, and
// a reason. Both are optional. The ledger keeps it, and events quote it.
type Note struct {
	Reference string
	Reason    string
}

// Check validates the texts. The error names the field.
func (n Note) Check() error {
	for _, f := range []struct {
		field, text string
		most        int
	}{{"reference", n.Reference, MaxReference}, {"reason", n.Reason, MaxReason}} {
		if length := utf8.RuneCountInString(f.text); length > f.most {
			return Invalid(f.field, "it has %d characters; at most %d are allowed: shorten it", length, f.most)
		}
		if err := CheckText(f.text); err != nil {
			return Invalid(f.field, "%v", err)
		}
	}
	return nil
}

// WithoutReason reports whether the note gives no reason to a Workspace that requires one.
func (n Note) WithoutReason(w Workspace) bool {
	return w.ReasonRequired && strings.TrimSpace(n.Reason) == ""
}

// Words returns the note as the end of an event's description, "" for none.
func (n Note) Words() string {
	words := ""
	if n.Reference != "" {
		words = ", reference " + n.Reference
	}
	if n.Reason != "" {
		words += ", reason: " + n.Reason
	}
	return words
}
