package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/server"
)

// issuer is a CA for tests.
type issuer struct {
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{cert, key, 1}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (i *issuer) pem() string { return block("CERTIFICATE", i.cert.Raw) }

// issue returns a certificate of 127.0.0.1 and its key as PEM.
func (i *issuer) issue(t *testing.T, from, to time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.serial++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, i.cert, k.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", keyDER)
}

// valid issues a certificate for the present.
func (i *issuer) valid(t *testing.T) (cert, key string) {
	t.Helper()
	return i.issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// put writes a file that only its owner may read.
func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// trusting returns a client that trusts a CA.
func trusting(t *testing.T, i *issuer, change func(*tls.Config, *http.Transport)) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	transport := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}
	if change != nil {
		change(c, transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// reply is a response whose body has been read.
type reply struct {
	status int
	proto  string
	header http.Header
	text   string
	serial int64 // of the server's certificate
}

// fetch sends a request with a new connection.
func fetch(t *testing.T, c *http.Client, method, url, bearer string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	defer c.CloseIdleConnections()
	resp, err := c.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, proto: resp.Proto, header: resp.Header, text: string(text)}
	if resp.TLS != nil {
		r.serial = resp.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	return r, nil
}

// secure returns settings with TLS, with the names of the files.
func secure(t *testing.T, i *issuer) (config.Config, string, string) {
	t.Helper()
	cfg := settings(t)
	folder := t.TempDir()
	cfg.TLSCert, cfg.TLSKey = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	cert, key := i.valid(t)
	put(t, cfg.TLSCert, cert)
	put(t, cfg.TLSKey, key)
	return cfg, cfg.TLSCert, cfg.TLSKey
}

// The server speaks HTTP/1.1 and HTTP/2 over TLS 1.2 and later, and tells browsers to use TLS only.
// The connections are counted, also when they have ended.
func TestTLS(t *testing.T) {
	ca := newIssuer(t)
	cfg, _, _ := secure(t, ca)
	cfg.MetricsListen = "127.0.0.1:0"
	s, _ := start(t.Context(), t, cfg)
	url := "https://" + s.Addr() + "/healthz"
	for want, change := range map[string]func(*tls.Config, *http.Transport){
		"HTTP/2.0": nil,
		"HTTP/1.1": func(_ *tls.Config, h *http.Transport) { h.ForceAttemptHTTP2 = false },
	} {
		resp, err := fetch(t, trusting(t, ca, change), http.MethodGet, url, "")
		if err != nil || resp.status != http.StatusOK || resp.proto != want {
			t.Errorf("%s: %v %v", want, resp, err)
			continue
		}
		if got := resp.header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
			t.Errorf("Strict-Transport-Security: %q", got)
		}
	}
	old := trusting(t, ca, func(c *tls.Config, _ *http.Transport) {
		c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	})
	if _, err := fetch(t, old, http.MethodGet, url, ""); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	if status, body := get(t, "http://"+s.Addr()+"/healthz"); status != http.StatusBadRequest {
		t.Errorf("without TLS: %d %s", status, body)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, text := get(t, "http://"+s.MetricsAddr()+"/metrics")
		if strings.Contains(text, `simferry_http_connections{listener="public"} 0`+"\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("connections that have ended are counted as open")
		}
	}
}

// serial returns the number of the certificate that a server shows to a new connection.
func serial(t *testing.T, c *http.Client, address string) int64 {
	t.Helper()
	resp, err := fetch(t, c, http.MethodGet, "https://"+address+"/healthz", "")
	if err != nil {
		t.Fatal(err)
	}
	return resp.serial
}

// A new certificate is used when its file changes, and after a reload. An invalid one leaves the
// previous one in use.
func TestCertificateIsRenewed(t *testing.T) {
	ca := newIssuer(t)
	cfg, certFile, keyFile := secure(t, ca)
	s, log := start(t.Context(), t, cfg)
	c := trusting(t, ca, nil)
	if got := serial(t, c, s.Addr()); got != 2 {
		t.Fatal(got)
	}
	cert, key := ca.valid(t)
	put(t, keyFile, key)
	put(t, certFile, cert)
	log.await(t, "a new certificate is in use")
	if got := serial(t, c, s.Addr()); got != 3 {
		t.Errorf("certificate %d is in use", got)
	}
	otherCert, _ := ca.valid(t)
	for says, text := range map[string]string{"does not belong": otherCert, "has no certificate": key} {
		put(t, certFile, text)
		if err := s.Reload(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
		if got := serial(t, c, s.Addr()); got != 3 {
			t.Errorf("%s: certificate %d is in use", says, got)
		}
	}
	cert, key = ca.valid(t)
	put(t, keyFile, key)
	put(t, certFile, cert)
	if err := s.Reload(); err != nil || serial(t, c, s.Addr()) != 5 {
		t.Errorf("after a reload: %v", err)
	}
}

// A server does not start with files that it could not use. The message has the setting and what to
// do.
func TestTLSStartRefuses(t *testing.T) {
	ca := newIssuer(t)
	cert, key := ca.valid(t)
	_, otherKey := ca.valid(t)
	expired, expiredKey := ca.issue(t, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	future, futureKey := ca.issue(t, time.Now().Add(time.Hour), time.Now().Add(2*time.Hour))
	for _, c := range []struct {
		name, cert, key string
		change          func(*config.Config)
		says            []string
	}{
		{"no key", cert, key, func(c *config.Config) { c.TLSKey = "" }, []string{"tls_key_file is not set"}},
		{"no certificate", cert, key, func(c *config.Config) { c.TLSCert = "" }, []string{"tls_cert_file is not set"}},
		{"absent", cert, key, func(c *config.Config) { c.TLSCert += "x" }, []string{"tls_cert_file: ", "no such file"}},
		{"swapped", key, cert, nil, []string{"tls_cert_file: ", "has no certificate"}},
		{"other key", cert, otherKey, nil, []string{"tls_key_file: ", "does not belong", "use the key"}},
		{"expired", expired, expiredKey, nil, []string{"tls_cert_file: ", "expired on", "renew it"}},
		{"not yet", future, futureKey, nil, []string{"tls_cert_file: ", "is valid from", "clock"}},
		{"redirect only", cert, key, func(c *config.Config) { c.TLSCert, c.TLSKey, c.RedirectListen = "", "", "127.0.0.1:0" }, []string{"redirect_listen", "set tls_cert_file"}},
		{"CA only", cert, key, func(c *config.Config) { c.OperatorClientCA = c.TLSCert }, []string{"operator_tls_cert_file is not set"}},
	} {
		cfg, certFile, keyFile := secure(t, ca)
		put(t, certFile, c.cert)
		put(t, keyFile, c.key)
		if c.change != nil {
			c.change(&cfg)
		}
		s, err := server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = s.Stop(context.Background())
			t.Errorf("%s: it started", c.name)
			continue
		}
		for _, says := range c.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", c.name, err, says)
			}
		}
	}
	cfg, _, keyFile := secure(t, ca)
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "tls_key_file: ") || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a key that other users can read: %v", err)
	}
}

// Browsers are redirected to HTTPS, programs are refused.
func TestRedirectToTLS(t *testing.T) {
	ca := newIssuer(t)
	cfg, _, _ := secure(t, ca)
	cfg.RedirectListen = "127.0.0.1:0"
	s, _ := start(t.Context(), t, cfg)
	c := trusting(t, ca, nil)
	plain := "http://" + s.RedirectAddr()
	resp, err := fetch(t, c, http.MethodGet, plain+"/sims?page=2", "")
	if err != nil || resp.status != http.StatusPermanentRedirect || resp.header.Get("Location") != "https://"+s.Addr()+"/sims?page=2" {
		t.Fatal(resp, err)
	}
	if resp, err := fetch(t, c, http.MethodGet, resp.header.Get("Location"), ""); err != nil || resp.status >= http.StatusInternalServerError {
		t.Error(resp, err)
	}
	for path, method := range map[string]string{"/api/v1/sim": http.MethodGet, "/api/v1/authenticate": http.MethodPost, "/sign-in": http.MethodPost} {
		if resp, err := fetch(t, c, method, plain+path, ""); err != nil || resp.status != http.StatusForbidden || !strings.Contains(resp.text, "https://"+s.Addr()) {
			t.Errorf("%s: %v %v", path, resp, err)
		}
	}
	public, _, _ := secure(t, ca)
	public.RedirectListen, public.PublicURL = "127.0.0.1:0", "https://sims.example.com/fleet"
	s, _ = start(t.Context(), t, public)
	if resp, err := fetch(t, c, http.MethodGet, "http://"+s.RedirectAddr()+"/fleet/sims", ""); err != nil || resp.header.Get("Location") != "https://sims.example.com/fleet/sims" {
		t.Error(resp, err)
	}
}

// With a CA of its clients, the operator's listener needs a certificate and a token.
func TestOperatorClientCertificate(t *testing.T) {
	ca, stranger := newIssuer(t), newIssuer(t)
	token := identity.NewOperatorToken()
	cfg := operatorConfig(t, "test "+token)
	folder := t.TempDir()
	cfg.OperatorTLSCert, cfg.OperatorTLSKey, cfg.OperatorClientCA = filepath.Join(folder, "cert"), filepath.Join(folder, "key"), filepath.Join(folder, "ca")
	cert, key := ca.valid(t)
	put(t, cfg.OperatorTLSCert, cert)
	put(t, cfg.OperatorTLSKey, key)
	put(t, cfg.OperatorClientCA, ca.pem())
	s, _ := start(t.Context(), t, cfg)
	url := "https://" + s.OperatorAddr() + "/operator/v1/workspace"
	with := func(i *issuer) *http.Client {
		cert, key := i.valid(t)
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return trusting(t, ca, func(c *tls.Config, _ *http.Transport) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		})
	}
	if resp, err := fetch(t, with(ca), http.MethodGet, url, token); err != nil || resp.status != http.StatusOK {
		t.Errorf("%v %v", resp, err)
	}
	if resp, err := fetch(t, with(ca), http.MethodGet, url, ""); err != nil || resp.status != http.StatusUnauthorized {
		t.Errorf("a certificate without a token: %v %v", resp, err)
	}
	for name, c := range map[string]*http.Client{"none": trusting(t, ca, nil), "of another CA": with(stranger)} {
		if resp, err := fetch(t, c, http.MethodGet, url, token); err == nil {
			t.Errorf("certificate %s: %v", name, resp)
		}
	}
	put(t, cfg.OperatorClientCA, stranger.pem())
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if resp, err := fetch(t, with(ca), http.MethodGet, url, token); err == nil {
		t.Errorf("after the CA was replaced: %v", resp)
	}
	if resp, err := fetch(t, with(stranger), http.MethodGet, url, token); err != nil || resp.status != http.StatusOK {
		t.Errorf("the new CA: %v %v", resp, err)
	}
	if status, _ := get(t, "http://"+s.Addr()+"/healthz"); status != http.StatusOK {
		t.Errorf("the public listener: %d", status)
	}
}
