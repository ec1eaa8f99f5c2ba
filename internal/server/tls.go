package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/secretfile"
)

// certificate is the TLS of one listener: a certificate with its key, and for the operator's
// listener the CA of the clients. It is read from files, again when they change, so that renewed
// certificates need no restart. Connections keep the one with which they were opened.
type certificate struct {
	listener      string // in metrics
	cert, key, ca named  // ca: file "" if clients need no certificate
	current       atomic.Pointer[loaded]
}

// named is a file and the setting that names it.
type named struct{ setting, file string }

// loaded is the content of the files of a certificate.
type loaded struct {
	cert, key, ca []byte
	config        *tls.Config
	expires       time.Time
}

// loadCertificates reads the certificates that the settings name.
func (s *Server) loadCertificates(cfg config.Config) error {
	public := &certificate{
		listener: "public",
		cert:     named{"tls_cert_file", cfg.TLSCert}, key: named{"tls_key_file", cfg.TLSKey},
	}
	operator := &certificate{
		listener: "operator",
		cert:     named{"operator_tls_cert_file", cfg.OperatorTLSCert}, key: named{"operator_tls_key_file", cfg.OperatorTLSKey},
		ca: named{"operator_client_ca_file", cfg.OperatorClientCA},
	}
	if cfg.RedirectListen != "" && public.cert.file == "" {
		return errors.New("redirect_listen redirects to HTTPS, which is off: set tls_cert_file and tls_key_file, or remove redirect_listen")
	}
	for _, c := range []*certificate{public, operator} {
		if slices.Equal([]string{c.cert.file, c.key.file, c.ca.file}, []string{"", "", ""}) {
			continue
		}
		for _, need := range []named{c.cert, c.key} {
			if need.file == "" {
				return fmt.Errorf("%s is not set: TLS needs %s and %s", need.setting, c.cert.setting, c.key.setting)
			}
		}
		if _, err := c.load(time.Now()); err != nil {
			return err
		}
		if c == public {
			s.publicTLS = c
		} else {
			s.operatorTLS = c
		}
	}
	return nil
}

// certificates returns those in use.
func (s *Server) certificates() (all []*certificate) {
	for _, c := range []*certificate{s.publicTLS, s.operatorTLS} {
		if c != nil {
			all = append(all, c)
		}
	}
	return all
}

// renewCertificates is a background task that reads certificates again when their files have
// changed. If they are invalid, the previous ones stay in use.
func (s *Server) renewCertificates(context.Context) error {
	var failed []error
	for _, c := range s.certificates() {
		changed, err := c.load(time.Now())
		failed = append(failed, err)
		if changed {
			s.log.Info("a new certificate is in use", "file", c.cert.file, "expires", c.current.Load().expires)
		}
	}
	return errors.Join(failed...)
}

// load reads the files. It reports whether they have changed; if they are invalid, the previous
// content stays in use.
func (c *certificate) load(now time.Time) (changed bool, err error) {
	var next loaded
	if next.cert, err = os.ReadFile(c.cert.file); err != nil {
		return false, fmt.Errorf("%s: %w", c.cert.setting, err)
	}
	if next.key, err = secretfile.Read(c.key.file); err != nil {
		return false, fmt.Errorf("%s: %w", c.key.setting, err)
	}
	if c.ca.file != "" {
		if next.ca, err = os.ReadFile(c.ca.file); err != nil {
			return false, fmt.Errorf("%s: %w", c.ca.setting, err)
		}
	}
	if last := c.current.Load(); last != nil && bytes.Equal(last.cert, next.cert) && bytes.Equal(last.key, next.key) && bytes.Equal(last.ca, next.ca) {
		return false, nil
	}
	if err := c.parse(&next, now); err != nil {
		return false, err
	}
	c.current.Store(&next)
	return true, nil
}

// parse makes the configuration of the content of the files.
func (c *certificate) parse(next *loaded, now time.Time) error {
	if !bytes.Contains(next.cert, []byte("-----BEGIN CERTIFICATE-----")) {
		return fmt.Errorf("%s: %s has no certificate: name a PEM file that begins with -----BEGIN CERTIFICATE-----", c.cert.setting, c.cert.file)
	}
	if !bytes.Contains(next.key, []byte("PRIVATE KEY-----")) {
		return fmt.Errorf("%s: %s has no private key: name a PEM file that contains -----BEGIN PRIVATE KEY-----, without a passphrase", c.key.setting, c.key.file)
	}
	pair, err := tls.X509KeyPair(next.cert, next.key)
	if err != nil {
		return fmt.Errorf("%s: %s does not belong to the certificate in %s (%w): use the key with which that certificate was requested",
			c.key.setting, c.key.file, c.cert.file, err)
	}
	next.expires = pair.Leaf.NotAfter
	if now.After(next.expires) {
		return fmt.Errorf("%s: the certificate in %s expired on %s: renew it", c.cert.setting, c.cert.file, next.expires.UTC().Format(time.RFC3339))
	}
	if begins := pair.Leaf.NotBefore; now.Before(begins) {
		return fmt.Errorf("%s: the certificate in %s is valid from %s: wait, or set the clock of this machine", c.cert.setting, c.cert.file, begins.UTC().Format(time.RFC3339))
	}
	next.config = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair}}
	if c.ca.file == "" {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(next.ca) {
		return fmt.Errorf("%s: %s has no certificate: name a PEM file with the CA of the clients", c.ca.setting, c.ca.file)
	}
	next.config.ClientCAs, next.config.ClientAuth = pool, tls.RequireAndVerifyClientCert
	next.config.SessionTicketsDisabled = true // a session of a CA that was removed must not be resumed
	return nil
}

// config returns the configuration of a listener. Each new connection gets the current certificate.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return c.current.Load().config, nil
		},
	}
}
