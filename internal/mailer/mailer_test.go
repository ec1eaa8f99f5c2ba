package mailer_test

import (
	"errors"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/mailer"
	"github.com/simferry/simferry/internal/test/kit/smtptest"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newMailer(t *testing.T, p *smtptest.Server, change func(*mailer.Options)) *mailer.Mailer {
	t.Helper()
	o := mailer.Options{
		URL: "smtp://ferry@" + p.Address, PasswordFile: file(t, "password", "the password\n"), CAFile: p.CA,
		From: "Simferry <simferry@example.com>", Page: "https://fleet.example.com/activate",
	}
	if change != nil {
		change(&o)
	}
	m, err := mailer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var invitation = fleet.Mail{
	UID: "0190-uid", Kind: fleet.MailInvitation, Recipient: "zoe@example.com", Name: "Zoë Nöwak", Workspace: "Flotte Süd",
	Sender: "admin@example.com", Secret: "the-key", Expires: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC),
}

func TestSendOverSTARTTLS(t *testing.T) {
	p := smtptest.Open(t, true, nil)
	m := newMailer(t, p, nil)
	for range 2 {
		if err := m.Send(t.Context(), invitation); err != nil {
			t.Fatal(err)
		}
	}
	got := p.Messages()
	if len(got) != 2 || !got[0].Secure || got[0].From != "simferry@example.com" || got[0].To != "zoe@example.com" || p.SignedIn() != 2 {
		t.Fatalf("%+v", got)
	}
	read, err := mail.ReadMessage(strings.NewReader(got[0].Text))
	if err != nil {
		t.Fatal(err)
	}
	to, err := read.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != "Zoë Nöwak" || to[0].Address != "zoe@example.com" {
		t.Errorf("To: %v, %v", to, err)
	}
	if id := read.Header.Get("Message-Id"); id != "<0190-uid@example.com>" || !strings.Contains(got[1].Text, id) {
		t.Errorf("Message-Id: %q", id)
	}
	for _, want := range []string{"the-key", "https://fleet.example.com/activate#key=3Dthe-key", "29 November 2026"} {
		if !strings.Contains(strings.ReplaceAll(got[0].Text, "=\r\n", ""), want) {
			t.Errorf("%q is not in\n%s", want, got[0].Text)
		}
	}
}

// No name can add a header or a second recipient.
func TestNamesCannotAddHeaders(t *testing.T) {
	p := smtptest.Open(t, true, nil)
	m := newMailer(t, p, nil)
	for _, kind := range []fleet.MailKind{fleet.MailInvitation, fleet.MailAdded, fleet.MailReset} {
		evil := invitation
		evil.Kind = kind
		evil.Name = "x\r\nBcc: victim@example.com\r\n\r\nbody"
		evil.Workspace = "y\r\nSubject: other\nX-Injected: 1\u2028z"
		evil.Sender = "\"<a@b>, <c@d>\r\nX-Injected: 2"
		if err := m.Send(t.Context(), evil); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range p.Messages() {
		read, err := mail.ReadMessage(strings.NewReader(l.Text))
		if err != nil {
			t.Fatal(err)
		}
		to, _ := read.Header.AddressList("To")
		if len(to) != 1 || l.To != "zoe@example.com" || read.Header.Get("Bcc")+read.Header.Get("X-Injected") != "" || len(read.Header["Subject"]) != 1 {
			t.Errorf("%q", l.Text)
		}
	}
}

// A password or a key is never sent unencrypted unless the operator allows it, and then without
// a password.
func TestSTARTTLSIsRequired(t *testing.T) {
	plain := smtptest.Open(t, false, nil)
	if err := newMailer(t, plain, nil).Send(t.Context(), invitation); err == nil || mailer.Final(err) {
		t.Errorf("without TLS: %v", err)
	}
	if len(plain.Messages()) != 0 {
		t.Error("a mail went out in the clear")
	}
	bare := newMailer(t, plain, func(o *mailer.Options) { o.URL = "smtp://" + plain.Address + "?starttls=off" })
	if err := bare.Send(t.Context(), invitation); err != nil || len(plain.Messages()) != 1 {
		t.Errorf("in the clear: %v", err)
	}
	secure := smtptest.Open(t, true, nil)
	unknown := newMailer(t, secure, func(o *mailer.Options) { o.CAFile = "" })
	if err := unknown.Send(t.Context(), invitation); err == nil || len(secure.Messages()) != 0 {
		t.Errorf("to a server with an untrusted certificate: %v", err)
	}
	wrong := newMailer(t, secure, func(o *mailer.Options) { o.PasswordFile = file(t, "wrong", "wrong") })
	if err := wrong.Send(t.Context(), invitation); err == nil || mailer.Final(err) || strings.Contains(err.Error(), "the-key") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestFinal(t *testing.T) {
	for code, final := range map[int]bool{550: true, 451: false} {
		p := smtptest.Open(t, true, &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "no such mailbox"})
		err := newMailer(t, p, nil).Send(t.Context(), invitation)
		if err == nil || mailer.Final(err) != final {
			t.Errorf("%d: %v, final %v", code, err, mailer.Final(err))
		}
	}
	if mailer.Final(nil) || mailer.Final(errors.New("no connection")) {
		t.Error("a temporary failure is final")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*mailer.Options){
		"scheme":               func(o *mailer.Options) { o.URL = "http://127.0.0.1" },
		"host":                 func(o *mailer.Options) { o.URL = "smtp://" },
		"query":                func(o *mailer.Options) { o.URL = "smtps://127.0.0.1?starttls=off" },
		"password in clear":    func(o *mailer.Options) { o.URL = "smtp://ferry@127.0.0.1?starttls=off" },
		"sender":               func(o *mailer.Options) { o.From = "nobody" },
		"no password file":     func(o *mailer.Options) { o.PasswordFile = "/nowhere" },
		"no certificate":       func(o *mailer.Options) { o.CAFile = o.PasswordFile },
		"no certificates file": func(o *mailer.Options) { o.CAFile = "/nowhere" },
	} {
		o := mailer.Options{URL: "smtp://ferry@127.0.0.1", PasswordFile: file(t, "password", "p"), From: "a@example.com"}
		change(&o)
		if _, err := mailer.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
