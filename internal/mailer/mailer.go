package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/secretfile"
)

// timeout bounds one delivery. It is shorter than the time for which a server keeps a mail to
// itself.
const timeout = 30 * time.Second

// Options say which server takes the mails, and what stands in them.
type Options struct {
	// URL is smtp://USER@HOST:PORT, with STARTTLS, or smtps://... with TLS from the start. A
	// query of starttls=off sends in the clear, which a password is never.
	URL string
	// PasswordFile holds the password of the URL's user, "" for none.
	PasswordFile string
	// CAFile has the certificates that the server's is signed with; those of the system where "".
	CAFile string
	// From is the sender, such as "Simferry <simferry@example.com>".
	From string
	// Page is where people open an account with a key, which is added behind a #; "" for none.
	Page string
	// Server is the URL of the server, which mails name; "" for none.
	Server string
}

// Mailer sends mails.
type Mailer struct {
	host    string
	options []gomail.Option
	from    *mail.Address
	page    string
	server  string
}

// New checks the options and reads the files; it does not look for the server.
func New(o Options) (*Mailer, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("smtp_url must be smtp://HOST:PORT or smtps://HOST:PORT")
	}
	m := &Mailer{host: u.Hostname(), page: o.Page, server: o.Server}
	if m.from, err = mail.ParseAddress(o.From); err != nil {
		return nil, fmt.Errorf("mail_from must be an address, since smtp_url is set: %w", err)
	}
	secured, open, err := transport(u)
	if err != nil {
		return nil, err
	}
	trust, err := certificates(u.Hostname(), o.CAFile)
	if err != nil {
		return nil, err
	}
	m.options = secured
	m.options = append(m.options, gomail.WithTimeout(timeout), gomail.WithTLSConfig(trust))
	if u.User.Username() == "" {
		return m, nil
	}
	if open {
		return nil, errors.New("a password is not sent in the clear: leave out the user, or starttls=off")
	}
	password, err := secretfile.Read(o.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("smtp_url names a user, whose password must be in smtp_password_file: %w", err)
	}
	m.options = append(m.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
		gomail.WithUsername(u.User.Username()), gomail.WithPassword(strings.TrimRight(string(password), "\r\n")))
	return m, nil
}

// transport is how the connection is secured; open tells that it is not.
func transport(u *url.URL) (options []gomail.Option, open bool, err error) {
	port := u.Port()
	switch starttls := u.Query().Get("starttls"); {
	case u.Scheme == "smtps" && starttls == "":
		options, port = []gomail.Option{gomail.WithSSL()}, or(port, "465")
	case u.Scheme == "smtp" && starttls == "":
		options, port = []gomail.Option{gomail.WithTLSPolicy(gomail.TLSMandatory)}, or(port, "587")
	case u.Scheme == "smtp" && starttls == "off":
		open = true
		options, port = []gomail.Option{gomail.WithTLSPolicy(gomail.NoTLS)}, or(port, "25")
	default:
		return nil, false, errors.New("smtp_url must begin with smtp:// or smtps://; its query can be starttls=off with smtp://")
	}
	n, err := strconv.Atoi(port)
	return append(options, gomail.WithPort(n)), open, err
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func certificates(host, file string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if file == "" {
		return c, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("smtp_ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("smtp_ca_file: there are no certificates in %s", file)
	}
	return c, nil
}

// Send hands a mail to the server. The same mail has the same Message-Id however often it is
// sent. The error never holds the mail's secret.
func (m *Mailer) Send(ctx context.Context, what fleet.Mail) error {
	msg, err := m.message(what)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(m.host, m.options...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return client.DialAndSendWithContext(ctx, msg)
}

func (m *Mailer) message(what fleet.Mail) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.FromFormat(oneLine(m.from.Name), m.from.Address); err != nil {
		return nil, err
	}
	if err := msg.AddToFormat(oneLine(what.Name), what.Recipient); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(what.UID + "@" + domain)
	msg.SetDate()
	subject, body := m.words(what)
	msg.Subject(oneLine(subject))
	msg.SetBodyString(gomail.TypeTextPlain, body)
	return msg, nil
}

// Final tells that a mail was refused for what it is, and would be again.
func Final(err error) bool {
	var refused *gomail.SendError
	if !errors.As(err, &refused) || refused.ErrorCode() < 500 {
		return false
	}
	return refused.Reason == gomail.ErrSMTPRcptTo || refused.Reason == gomail.ErrSMTPDataClose
}
