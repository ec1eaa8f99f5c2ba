package server_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/metrics"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/smtptest"
)

// steady has the metrics that a healthy server does not move, with the engine, "" for both, and the
// reason. They must be reported nevertheless.
var steady = map[string]struct {
	engine kit.Engine
	why    string
}{
	"simferry_build_info":                               {"", "constant"},
	"simferry_body_memory_limit_bytes":                  {"", "constant"},
	"simferry_database_connections_limit":               {"", "constant"},
	"simferry_tls_certificate_expiry_timestamp_seconds": {"", "the certificate is not renewed"},
	"simferry_database_up":                              {"", "the database is up"},
	"simferry_database_connections":                     {"", "the pool is as large as it was"},
	"simferry_database_clock_difference_seconds":        {"", "the clock is right"},
	"simferry_jobs_oldest_waiting_seconds":              {"", "the server takes every job at once; the store's test Stats/Database moves it"},
	"simferry_transaction_retries_total":                {"", "nothing competes here; the store's test Stats/Transactions moves it"},
	"simferry_sqlite_wal_bytes":                         {kit.SQLite, "the log is written again from its start"},
	"simferry_database_connection_waits_total":          {kit.SQLite, "one gate before each pool"},
	"simferry_database_connection_wait_seconds_total":   {kit.SQLite, "one gate before each pool"},
}

// Every metric is reported, and moves when what it measures happens, on both engines. A metric that
// is added to the table fails this test until something moves it.
func TestMetricsMove(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		m := startMeasured(t, e)
		m.read()
		m.moveSIMs()
		m.holdRequests()
		m.fillBodyMemory()
		m.openConnections()
		m.awaitMoves(e)
	})
}

// measured is a server whose metrics are read again and again.
type measured struct {
	*testing.T
	server *server.Server
	bearer string
	token  string             // of the operator
	first  map[string]float64 // by metric, as read first
	moved  map[string]bool
}

const measuredWorld = `
workspaces:
  - {id: 100, name: Fleet DE, type: enterprise, country: DE}
  - {id: 200, name: Fleet FR, type: enterprise, country: FR}
users:
  - {id: 1, username: admin@example.com, name: Admin, password: correct horse, status: active, default_workspace: 100, roles: {100: administrator, 200: administrator}}
sims:
  - {id: 251, iccid: "8988303000000000251", workspace: 100, issuer: 100, status: activated}
  - {id: 252, iccid: "8988303000000000252", workspace: 100, issuer: 100, status: issued}
`

func startMeasured(t *testing.T, e kit.Engine) *measured {
	t.Helper()
	office := smtptest.Open(t, true, &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "later"})
	cfg := mailing(t, office)
	cfg.Database = config.DatabaseURL(e.URL(t))
	cfg.Seed = filepath.Join(t.TempDir(), "world.yaml")
	token := identity.NewOperatorToken()
	tokens := filepath.Join(t.TempDir(), "tokens")
	for file, text := range map[string]string{cfg.Seed: measuredWorld, tokens: "test " + token + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg.OperatorListen, cfg.OperatorTokens, cfg.MetricsListen = "127.0.0.1:0", tokens, "127.0.0.1:0"
	certFile, keyFile := filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	cert, key := newIssuer(t).valid(t)
	put(t, certFile, cert)
	put(t, keyFile, key)
	cfg.OperatorTLSCert, cfg.OperatorTLSKey = certFile, keyFile
	cfg.Limits.RequestsOfAddress, cfg.Limits.Waiting, cfg.Limits.ConnectionsOfAddress = 1, 1, 8
	cfg.Limits.BodyMemory, cfg.Limits.BodyMemoryOfCaller = 64<<10, 64<<10
	s, _ := start(t.Context(), t, cfg)
	return &measured{T: t, server: s, token: token, first: make(map[string]float64), moved: make(map[string]bool)}
}

// read reads the metrics, and notes which have moved. It returns the sums over all labels.
func (m *measured) read() map[string]float64 {
	m.Helper()
	status, text := get(m.T, "http://"+m.server.MetricsAddr()+"/metrics")
	if status != http.StatusOK {
		m.Fatalf("%d %s", status, text)
	}
	sums := make(map[string]float64)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		space := strings.LastIndexByte(line, ' ')
		if space < 0 || line[0] == '#' {
			continue
		}
		value, err := strconv.ParseFloat(line[space+1:], 64)
		if err != nil {
			m.Fatal(line)
		}
		name, _, _ := strings.Cut(line[:space], "{")
		sums[strings.TrimSuffix(name, "_count")] += value
	}
	if len(m.first) == 0 {
		m.first = sums
	}
	for name, value := range sums {
		if value != m.first[name] {
			m.moved[name] = true
		}
	}
	return sums
}

// await reads the metrics until one has a value.
func (m *measured) await(metric string, reached func(float64) bool) {
	m.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		value := m.read()[metric]
		if reached(value) {
			return
		}
		if time.Now().After(deadline) {
			m.Fatalf("%s is %v", metric, value)
		}
	}
}

func positive(v float64) bool { return v > 0 }

// post sends a request and returns the status and the body of the response.
func (m *measured) post(url, bearer, body string) (int, string) {
	m.Helper()
	req, err := http.NewRequestWithContext(m.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		m.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := (&http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}).Do(req)
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		m.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// want sends a request whose response must have a status.
func (m *measured) want(status int, path, body string) string {
	m.Helper()
	got, text := m.post("http://"+m.server.Addr()+path, m.bearer, body)
	if got != status {
		m.Fatalf("%s %s: %d %s", path, body, got, text)
	}
	return text
}

// moveSIMs signs in, moves SIMs in each way, is refused, and invites a user, whose mail is refused.
func (m *measured) moveSIMs() {
	m.Helper()
	const migrate = "/api/v1/sim/migration/workspace"
	m.want(http.StatusUnauthorized, "/api/v1/authenticate", `{"username": "admin@example.com", "password": "`+identity.WireDigest("wrong horse")+`"}`)
	answer := m.want(http.StatusOK, "/api/v1/authenticate", `{"username": "admin@example.com", "password": "`+identity.WireDigest("correct horse")+`"}`)
	var signedIn struct {
		Token string `json:"auth_token"`
	}
	if err := json.Unmarshal([]byte(answer), &signedIn); err != nil {
		m.Fatal(err)
	}
	m.bearer = signedIn.Token
	m.want(http.StatusOK, migrate, `{"target_workspace": {"id": 200}, "sims": [{"id": 251}], "dry_run": true}`)
	m.want(http.StatusOK, migrate, `{"target_workspace": {"id": 200}, "sims": [{"id": 251}], "dry_run": false}`)
	m.want(http.StatusConflict, migrate, `{"target_workspace": {"id": 200}, "sims": [{"id": 251}], "dry_run": false}`)
	m.want(http.StatusCreated, "/api/v1/migration_job", `{"target_workspace": {"id": 200}, "select": {"iccids": ["8988303000000000252"]}, "dry_run": true}`)
	m.await("simferry_jobs", positive)
	m.want(http.StatusCreated, "/api/v1/user", `{"username": "zoe@example.com", "name": "Zoe", "organisation": {"id": 100}, "roles": [{"id": 2}]}`)
	m.await("simferry_mail_attempts_total", positive)
	for range 2 { // the second one has an id that is taken
		status, text := m.post("https://"+m.server.OperatorAddr()+"/operator/v1/workspace", m.token, `{"id": 300, "name": "Fleet IT", "type": {"id": 1}, "country": "IT"}`)
		if status != http.StatusCreated && status != http.StatusConflict {
			m.Fatal(status, text)
		}
	}
}

// holdRequests lets one request run at a gate, one wait, and one be refused.
func (m *measured) holdRequests() {
	m.Helper()
	conn, r := runningRequest(m.T, m.server.Addr())
	m.await("simferry_gate_running", positive)
	waited := make(chan int, 1)
	go func() {
		status, _ := get(m.T, "http://"+m.server.Addr()+"/api/v1/sim")
		waited <- status
	}()
	m.await("simferry_gate_waiting", positive)
	if status, text := get(m.T, "http://"+m.server.Addr()+"/api/v1/sim"); status != http.StatusTooManyRequests {
		m.Errorf("%d %s", status, text)
	}
	if _, err := io.WriteString(conn, "{}"); err != nil {
		m.Error(err)
	}
	if line, err := r.ReadString('\n'); err != nil {
		m.Error(line, err)
	}
	if status := <-waited; status != http.StatusUnauthorized {
		m.Errorf("the request that waited got %d", status)
	}
}

// fillBodyMemory sends a part of a body that needs memory, and one that finds no room.
func (m *measured) fillBodyMemory() {
	m.Helper()
	conn, err := (&net.Dialer{}).DialContext(m.Context(), "tcp", m.server.Addr())
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /api/v1/sim/migration/workspace HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{%s", m.bearer, strings.Repeat(" ", 40000))
	if err != nil {
		m.Fatal(err)
	}
	m.await("simferry_body_memory_bytes", positive)
	m.want(http.StatusServiceUnavailable, "/api/v1/sim/migration/workspace", "{"+strings.Repeat(" ", 100_000)+"}")
}

// openConnections opens more connections than one address may have.
func (m *measured) openConnections() {
	m.Helper()
	for range 9 {
		conn, err := (&net.Dialer{}).DialContext(m.Context(), "tcp", m.server.Addr())
		if err != nil {
			m.Fatal(err)
		}
		m.Cleanup(func() { _ = conn.Close() })
	}
	m.await("simferry_http_connections_closed_total", positive)
}

// awaitMoves reads the metrics until all have moved that can.
func (m *measured) awaitMoves(e kit.Engine) {
	m.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		sums := m.read()
		var missing, still []string
		for _, d := range metrics.Definitions {
			if _, reported := sums[d.Name]; !reported && (!d.SQLite || e == kit.SQLite) {
				missing = append(missing, d.Name)
			}
			s, known := steady[d.Name]
			if known && (s.engine == "" || s.engine == e) || d.SQLite && e != kit.SQLite || m.moved[d.Name] {
				continue
			}
			still = append(still, d.Name)
		}
		if len(missing)+len(still) == 0 {
			return
		}
		if time.Now().After(deadline) {
			m.Fatalf("not reported: %v; reported, but nothing moves them: %v", missing, still)
		}
	}
}
