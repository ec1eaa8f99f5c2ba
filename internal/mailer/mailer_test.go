package mailer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/mailer"
)

// postOffice is a real mail server that keeps what it gets.
type postOffice struct {
	address string
	ca      string // file
	refuse  *smtp.SMTPError

	mu   sync.Mutex
	got  []letter
	auth []string
}

type letter struct {
	from, to string
	text     string
	secure   bool
}

func (p *postOffice) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]letter(nil), p.got...)
}

type session struct {
	office *postOffice
	conn   *smtp.Conn
	letter letter
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{office: p, conn: c}, nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "ferry" || password != "the password" {
			return smtp.ErrAuthFailed
		}
		s.office.mu.Lock()
		defer s.office.mu.Unlock()
		s.office.auth = append(s.office.auth, user)
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.letter.from = from; return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.office.refuse != nil {
		return s.office.refuse
	}
	s.letter.to += to
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.letter.text = string(text)
	_, s.letter.secure = s.conn.TLSConnectionState()
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.got = append(s.office.got, s.letter)
	return err
}

func (s *session) Reset()        { s.letter = letter{} }
func (s *session) Logout() error { return nil }

// openOffice starts a mail server, with a certificate of its own where secure.
func openOffice(t *testing.T, secure bool, refuse *smtp.SMTPError) *postOffice {
	t.Helper()
	p := &postOffice{refuse: refuse}
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth = "localhost", !secure
	if secure {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{p.certificate(t)}}
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

func (p *postOffice) certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	p.ca = file(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newMailer(t *testing.T, p *postOffice, change func(*mailer.Options)) *mailer.Mailer {
	t.Helper()
	o := mailer.Options{
		URL: "smtp://ferry@" + p.address, PasswordFile: file(t, "password", "the password\n"), CAFile: p.ca,
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
	p := openOffice(t, true, nil)
	m := newMailer(t, p, nil)
	for range 2 {
		if err := m.Send(t.Context(), invitation); err != nil {
			t.Fatal(err)
		}
	}
	got := p.letters()
	if len(got) != 2 || !got[0].secure || got[0].from != "simferry@example.com" || got[0].to != "zoe@example.com" || len(p.auth) != 2 {
		t.Fatalf("%+v", got)
	}
	read, err := mail.ReadMessage(strings.NewReader(got[0].text))
	if err != nil {
		t.Fatal(err)
	}
	to, err := read.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != "Zoë Nöwak" || to[0].Address != "zoe@example.com" {
		t.Errorf("To: %v, %v", to, err)
	}
	if id := read.Header.Get("Message-Id"); id != "<0190-uid@example.com>" || !strings.Contains(got[1].text, id) {
		t.Errorf("Message-Id: %q", id)
	}
	for _, want := range []string{"the-key", "https://fleet.example.com/activate#key=3Dthe-key", "29 November 2026"} {
		if !strings.Contains(strings.ReplaceAll(got[0].text, "=\r\n", ""), want) {
			t.Errorf("%q is not in\n%s", want, got[0].text)
		}
	}
}

// Whatever a name holds, it makes no header and no second recipient.
func TestNamesMakeNoHeaders(t *testing.T) {
	p := openOffice(t, true, nil)
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
	for _, l := range p.letters() {
		read, err := mail.ReadMessage(strings.NewReader(l.text))
		if err != nil {
			t.Fatal(err)
		}
		to, _ := read.Header.AddressList("To")
		if len(to) != 1 || l.to != "zoe@example.com" || read.Header.Get("Bcc")+read.Header.Get("X-Injected") != "" || len(read.Header["Subject"]) != 1 {
			t.Errorf("%q", l.text)
		}
	}
}

// A password, and a key, never travel in the clear unless the operator says so, and then
// without a password.
func TestSTARTTLSIsRequired(t *testing.T) {
	plain := openOffice(t, false, nil)
	if err := newMailer(t, plain, nil).Send(t.Context(), invitation); err == nil || mailer.Final(err) {
		t.Errorf("without TLS: %v", err)
	}
	if len(plain.letters()) != 0 {
		t.Error("a mail went out in the clear")
	}
	clear := newMailer(t, plain, func(o *mailer.Options) { o.URL = "smtp://" + plain.address + "?starttls=off" })
	if err := clear.Send(t.Context(), invitation); err != nil || len(plain.letters()) != 1 {
		t.Errorf("in the clear: %v", err)
	}
	secure := openOffice(t, true, nil)
	unknown := newMailer(t, secure, func(o *mailer.Options) { o.CAFile = "" })
	if err := unknown.Send(t.Context(), invitation); err == nil || len(secure.letters()) != 0 {
		t.Errorf("to a server that nobody vouches for: %v", err)
	}
	wrong := newMailer(t, secure, func(o *mailer.Options) { o.PasswordFile = file(t, "wrong", "wrong") })
	if err := wrong.Send(t.Context(), invitation); err == nil || mailer.Final(err) || strings.Contains(err.Error(), "the-key") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestFinal(t *testing.T) {
	for code, final := range map[int]bool{550: true, 451: false} {
		p := openOffice(t, true, &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "no such mailbox"})
		err := newMailer(t, p, nil).Send(t.Context(), invitation)
		if err == nil || mailer.Final(err) != final {
			t.Errorf("%d: %v, final %v", code, err, mailer.Final(err))
		}
	}
	if mailer.Final(nil) || mailer.Final(errors.New("no connection")) {
		t.Error("what is no refusal is final")
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
