// Package smtptest is a real mail server for tests: it speaks SMTP with STARTTLS and AUTH,
// and keeps what it gets.
package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The one user that may send over TLS.
const (
	User     = "ferry"
	Password = "the password"
)

// Server is a running mail server.
type Server struct {
	Address string // host and port
	CA      string // a file with the certificate of who signed the server's; "" without TLS

	refuse *smtp.SMTPError
	came   chan struct{} // one for each letter

	mu   sync.Mutex
	got  []Message
	auth int
}

// Message is a mail as it came.
type Message struct {
	From, To string
	Text     string
	Secure   bool // over TLS
}

// Messages returns the messages received so far.
func (p *Server) Messages() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Message(nil), p.got...)
}

// SignedIn counts the sign-ins with the right password.
func (p *Server) SignedIn() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.auth
}

// Await waits for the next letter that no call has returned yet.
func (p *Server) Await(t testing.TB) Message {
	t.Helper()
	select {
	case <-p.came:
		letters := p.Messages()
		return letters[len(letters)-1]
	case <-time.After(30 * time.Second):
		t.Fatal("no letter came")
		return Message{}
	}
}

type session struct {
	server *Server
	conn   *smtp.Conn
	letter Message
}

// NewSession takes a connection.
func (p *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: p, conn: c}, nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.auth++
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.letter.From = from; return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.refuse != nil {
		return s.server.refuse
	}
	s.letter.To += to
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.letter.Text = string(text)
	_, s.letter.Secure = s.conn.TLSConnectionState()
	s.server.mu.Lock()
	s.server.got = append(s.server.got, s.letter)
	s.server.mu.Unlock()
	s.server.came <- struct{}{}
	return err
}

func (s *session) Reset()        { s.letter = Message{} }
func (s *session) Logout() error { return nil }

// Open starts a mail server, with a certificate of its own where secure. With refuse it
// takes no recipient. It ends with the test.
func Open(t testing.TB, secure bool, refuse *smtp.SMTPError) *Server {
	t.Helper()
	p := &Server{refuse: refuse, came: make(chan struct{}, 100)}
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth = "localhost", !secure
	if secure {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{p.certificate(t)}, MinVersion: tls.VersionTLS12}
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.Address = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close(); <-done })
	return p
}

func (p *Server) certificate(t testing.TB) tls.Certificate {
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
	p.CA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(p.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
