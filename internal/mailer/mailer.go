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

// timeout bounds one delivery. It is shorter than the lease of a mail.
const timeout = 30 * time.Second

// Options configures a Mailer.
type Options struct {
	// URL is smtp://USER@HOST:PORT, with STARTTLS, or smtps://... with TLS from the start. The
	// query starttls=off disables encryption; a password is then refused.
	URL string
	// PasswordFile is a file with the password of the URL's user, "" for none.
	PasswordFile string
	// CAFile is a file with CA certificates for the server; "" means those of the system.
	CAFile string
	// From is the sender, such as "Simferry <simferry@example.com>".
	From string
	// Page is a page on which users enter activation keys, "" for none. Mails link to it with
	// the key after a #.
	Page string
	// Server is the URL of the server for the text of mails; "" for none.
	Server string
	// Console is the URL of the console, to which mails about offers and jobs link; "" for none.
	Console string
}

// Mailer sends mails.
type Mailer struct {
	host    string
	options []gomail.Option
	from    *mail.Address
	page    string
	server  string
	console string
}

// New checks the options and reads the files; it does not connect to the server.
func New(o Options) (*Mailer, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("smtp_url must be smtp://HOST:PORT or smtps://HOST:PORT")
	}
	m := &Mailer{host: u.Hostname(), page: o.Page, server: o.Server, console: o.Console}
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
		return nil, errors.New("a password cannot be sent unencrypted: remove the user or starttls=off")
	}
	password, err := secretfile.Read(o.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("smtp_url names a user, whose password must be in smtp_password_file: %w", err)
	}
	m.options = append(m.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
		gomail.WithUsername(u.User.Username()), gomail.WithPassword(strings.TrimRight(string(password), "\r\n")))
	return m, nil
}

// transport returns the options for securing the connection. open reports that it is not
// encrypted.
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

// Send sends a mail to the server. Repetitions of the same mail have the same Message-Id. The
// error never contains the mail's secret.
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

// Final reports whether a mail was refused permanently, so that another attempt is useless.
func Final(err error) bool {
	var refused *gomail.SendError
	if !errors.As(err, &refused) || refused.ErrorCode() < 500 {
		return false
	}
	return refused.Reason == gomail.ErrSMTPRcptTo || refused.Reason == gomail.ErrSMTPDataClose
}
