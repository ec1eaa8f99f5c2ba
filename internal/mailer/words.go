package mailer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/simferry/simferry/internal/fleet"
)

// words returns the subject and the text of a mail.
func (m *Mailer) words(what fleet.Mail) (subject, body string) {
	hello := "Hello " + oneLine(what.Name) + ",\n\n"
	place, by := oneLine(what.Workspace), oneLine(what.Sender)
	switch what.Kind {
	case fleet.MailInvitation:
		return "Invitation to " + place, hello + fmt.Sprintf("%s invites you to the Workspace %s in Simferry.\n\n", by, place) +
			m.useKey(what, "choose a password")
	case fleet.MailAdded:
		return "Invitation to " + place, hello + fmt.Sprintf("%s has made you a member of the Workspace %s in Simferry. "+
			"Sign in as usual, and switch to it.\n", by, place) + m.where()
	case fleet.MailNotice:
		subject, body = m.notice(what.Text)
		return subject, hello + body + m.where()
	}
	return "Your password", hello + "a new password was requested for your account in Simferry. If you did not request it, ignore this mail.\n\n" +
		m.useKey(what, "choose another password")
}

func (m *Mailer) useKey(what fleet.Mail, purpose string) string {
	how := fmt.Sprintf("To %s, use this activation key, which can be used once, until %s:\n\n    %s\n",
		purpose, what.Expires.Format("2 January 2006, 15:04 MST"), what.Secret)
	if m.page != "" {
		how += fmt.Sprintf("\nOr open this page:\n\n    %s#key=%s\n", m.page, what.Secret)
	}
	return how + m.where()
}

// where returns a line with the URL of the server.
func (m *Mailer) where() string {
	if m.server == "" {
		return ""
	}
	return "\nThe server is " + m.server + "\n"
}

// oneLine removes line breaks and other control characters, so that text cannot add headers.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
