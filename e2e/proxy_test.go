package e2e_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCaddy runs Caddy, if it is installed, with the configuration of the page on installing in
// front of a server.
func TestCaddy(t *testing.T) {
	site, rest, _ := strings.Cut(onlyBlock(t, "caddyfile"), "\n")
	if site != "sims.example.com {" || !strings.HasSuffix(rest, "}\n") {
		t.Fatalf("the site is another than expected: %s", site)
	}
	caddy, err := exec.LookPath("caddy")
	if err != nil {
		t.Log("caddy is not installed: it has not read its configuration")
		return
	}
	dir := t.TempDir()
	address := startServer(t, dir, "--trusted-proxies", "127.0.0.1/32", "--public-url", "https://sims.example.com").address(t, "listening")
	roots := writeCertificate(t, dir)
	socket := filepath.Join(dir, "proxy.sock")
	conf := filepath.Join(dir, "Caddyfile")
	writeFile(t, conf, "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1\n\t}\n}\n"+site+
		"\n\tbind unix/"+socket+"\n\ttls "+dir+"/sims.example.com.pem "+dir+"/sims.example.com.key\n"+strings.ReplaceAll(rest, "127.0.0.1:8080", address))
	startProxy(t, socket, append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir), caddy, "run", "--adapter", "caddyfile", "--config", conf)
	transport := proxyTransport(roots, socket)
	defer transport.CloseIdleConnections()
	through(t, transport)
}

// TestProxy checks the configuration of nginx on the page on installing. If nginx is installed, it
// runs with it in front of a server.
func TestProxy(t *testing.T) {
	server := onlyBlock(t, "nginx")
	for line := range strings.Lines(server) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasSuffix(line, ";") && !strings.HasSuffix(line, "{") && line != "}" {
			t.Errorf("this line does not end: %s", line)
		}
	}
	if strings.Count(server, "{") != strings.Count(server, "}") {
		t.Errorf("the braces do not match:\n%s", server)
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Log("nginx is not installed: it has not read its configuration")
		return
	}
	dir := t.TempDir()
	// The proxy's address must be trusted, as the page says.
	address := startServer(t, dir, "--trusted-proxies", "127.0.0.1/32", "--public-url", "https://sims.example.com").address(t, "listening")
	roots := writeCertificate(t, dir)
	socket := filepath.Join(dir, "nginx.sock")
	startNginx(t, nginx, dir, strings.NewReplacer(
		"listen 443 ssl", "listen unix:"+socket+" ssl", "/etc/ssl/private/", dir+"/", "/etc/ssl/", dir+"/", "127.0.0.1:8080", address,
	).Replace(server))
	transport := proxyTransport(roots, socket)
	defer transport.CloseIdleConnections()
	through(t, transport)
}

// proxyTransport connects to a proxy that listens on a socket.
func proxyTransport(roots *x509.CertPool, socket string) *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}
}

// through sends requests through the proxy. A body that is too large is refused by the server, not
// by the proxy.
func through(t *testing.T, transport http.RoundTripper) {
	t.Helper()
	const site = "https://sims.example.com"
	if code, text := send(t, transport, http.MethodGet, site+"/readyz", nil); code != http.StatusOK {
		t.Errorf("/readyz: %d %s", code, text)
	}
	body := bytes.Repeat([]byte(" "), 3<<20)
	if code, text := send(t, transport, http.MethodPost, site+"/api/v1/authenticate", body); code != http.StatusRequestEntityTooLarge || !strings.Contains(text, "error_code") {
		t.Errorf("a body of 3 MiB: %d %s, want the server's own 413", code, text)
	}
	if code, text := send(t, transport, http.MethodGet, site+"/api/v1/sim", nil); code != http.StatusUnauthorized || !strings.Contains(text, "/api/v1/authenticate") {
		t.Errorf("without a token: %d %s", code, text)
	}
}

func send(t *testing.T, transport http.RoundTripper, method, url string, body []byte) (code int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

// startNginx runs nginx with the block of a server until the end of the test.
func startNginx(t *testing.T, nginx, dir, server string) {
	t.Helper()
	var paths strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths.WriteString("  " + kind + "_temp_path " + dir + "/" + kind + ";\n")
	}
	conf := filepath.Join(dir, "nginx.conf")
	// One process, as this user, so that it reads the folder of the test.
	writeFile(t, conf, "daemon off;\nmaster_process off;\npid "+dir+"/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n"+paths.String()+server+"}\n")
	if out, err := exec.CommandContext(t.Context(), nginx, "-t", "-q", "-p", dir, "-c", conf).CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v: %s", err, out)
	}
	startProxy(t, filepath.Join(dir, "nginx.sock"), nil, nginx, "-p", dir, "-c", conf)
}

// startProxy runs a proxy until the end of the test, and waits until it listens on a socket.
func startProxy(t *testing.T, socket string, env []string, program string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Env, cmd.Stderr = env, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s: %s", program, log.String())
		}
	})
	awaitSocket(t, socket)
}

// awaitSocket waits until something listens.
func awaitSocket(t *testing.T, socket string) {
	t.Helper()
	poll, timeout := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer poll.Stop()
	for {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", socket); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("nothing listens at %s", socket)
		}
	}
}

// writeCertificate writes the certificate and the key that the page names, and returns the
// certificate as a root.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sims.example.com"}, DNSNames: []string{"sims.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, filepath.Join(dir, "sims.example.com.pem"), string(certificate))
	writeFile(t, filepath.Join(dir, "sims.example.com.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots
}
