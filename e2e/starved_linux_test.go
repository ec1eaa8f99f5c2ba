package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

const (
	starvedSIMs = 5000      // of the Workspace that is noisy
	starvedRSS  = 256 << 10 // KiB that the process stays below
	starvedPass = "correct horse"

	idleConnections = 10_000 // of an attack, at once
)

// starved is a process under attack, and a client that only wants to read a SIM.
type starved struct {
	t       *testing.T
	server  *proc.Server
	address string
	pid     int

	observer, admin, quiet string // bearers; the first two are of the noisy Workspace

	pending atomic.Int64 // steps that an attack has yet to do before it is complete
}

func starvedWorld() []byte {
	var b bytes.Buffer
	b.WriteString("workspaces: [{id: 1, name: Issuer, type: mno}, {id: 100, name: Noisy, country: DE, parent: 1}, {id: 200, name: Quiet, country: DE, parent: 1}]\nusers:\n")
	for i, u := range []string{"observer@example.com 100 observer", "admin@example.com 100 administrator", "quiet@example.com 200 administrator"} {
		f := strings.Fields(u)
		fmt.Fprintf(&b, "- {id: %d, username: %s, password: %s, default_workspace: %s, roles: {%s: %s}}\n", i+1, f[0], starvedPass, f[1], f[1], f[2])
	}
	b.WriteString("sims:\n- {id: 9000, iccid: \"8988303000000999999\", workspace: 200}\n")
	for i := range starvedSIMs {
		fmt.Fprintf(&b, "- {id: %d, iccid: \"%d\", workspace: 100}\n", 10_001+i, 8988303000001000000+i)
	}
	return b.Bytes()
}

func startStarved(t *testing.T) *starved {
	t.Helper()
	return startStarvedOn(t, "sqlite:"+filepath.Join(t.TempDir(), "fleet.db"))
}

func startStarvedOn(t *testing.T, database string) *starved {
	t.Helper()
	dir := t.TempDir()
	seed := filepath.Join(dir, "world.yaml")
	if err := os.WriteFile(seed, starvedWorld(), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := proc.Serve(t.Context(), proc.Options{
		Binary: "simferry", Database: database, Args: []string{"--seed", seed, "--trusted-proxies", "127.0.0.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	s := &starved{t: t, server: server, address: strings.TrimPrefix(server.URL, "http://"), pid: server.PID}
	s.observer, s.admin, s.quiet = s.signIn("observer@example.com"), s.signIn("admin@example.com"), s.signIn("quiet@example.com")
	return s
}

func starvedCredentials(user string) string {
	sum := sha1.Sum([]byte(starvedPass))
	return fmt.Sprintf(`{"username": %q, "password": %q}`, user, hex.EncodeToString(sum[:]))
}

func (s *starved) signIn(user string) string {
	s.t.Helper()
	resp, err := http.Post(s.server.URL+"/api/v1/authenticate", "application/json", strings.NewReader(starvedCredentials(user))) //nolint:noctx // of a test
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Token string `json:"auth_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		s.t.Fatalf("%s: %d, %v", user, resp.StatusCode, err)
	}
	return got.Token
}

// memory returns what the process has in memory, in KiB: now, or at most so far.
func (s *starved) memory(field string) int {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// head returns the beginning of a request.
func head(method, path, bearer string, headers ...string) string {
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: x", "Content-Type: application/json"}, headers...)
	if bearer != "" {
		lines = append(lines, "Authorization: Bearer "+bearer)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// raw opens n connections and sends on each what text returns. They are held until ctx ends;
// what comes back is read only with read.
func (s *starved) raw(ctx context.Context, n int, read bool, text func(i int) []byte) {
	var all sync.WaitGroup
	s.pending.Add(int64(n))
	for i := range n {
		all.Go(func() {
			c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", s.address)
			s.pending.Add(-1)
			if err != nil {
				return // there is no room for it
			}
			defer func() { _ = c.Close() }()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			if _, err := c.Write(text(i)); err != nil {
				return
			}
			if read {
				_, _ = io.Copy(io.Discard, c) // until one side ends it
			}
			<-ctx.Done()
		})
	}
	all.Wait()
}

// flood sends a request again and again on n connections.
func (s *starved) flood(ctx context.Context, n int, method, path, bearer, body string, many bool) {
	flood(ctx, floodOf{URL: s.server.URL + path, Clients: n, Method: method, Bearer: bearer, Body: []byte(body), Many: many})
}

// readTries is how often a client sends a read whose connection was closed without an answer.
// A connection that has sent nothing yet may be closed to make room for a new one; the client
// of a busy machine may not have sent its request by then.
const readTries = 3

// read sends one request of the quiet Workspace, on a new connection or an open one. The status is
// 0 if it has no answer.
func (s *starved) read(client *http.Client) (took time.Duration, status int) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	start := time.Now()
	for range readTries {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/api/v1/sim/9000", http.NoBody)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.quiet)
		resp, err := client.Do(req)
		if err != nil {
			s.t.Logf("a read has no answer: %v", err)
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return time.Since(start), resp.StatusCode
	}
	return time.Since(start), 0
}

func starvedGzip(n int) []byte { return gzipOf(make([]byte, n)) }

func gzipOf(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text) // into memory
	_ = z.Close()
	return b.Bytes()
}

// starvedNumbers returns a list of n ICCIDs.
func starvedNumbers(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "%d\n", 8988303000001000001+i)
	}
	return b.Bytes()
}

// console signs a user in to the console, and returns the header with the cookie.
func (s *starved) console(user string) string {
	s.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(s.server.URL+"/sign-in", url.Values{"username": {user}, "password": {starvedPass}}) //nolint:noctx // of a test
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == "simferry-session" {
			return "Cookie: " + c.Name + "=" + c.Value
		}
	}
	s.t.Fatalf("%s is not signed in to the console: %d", user, resp.StatusCode)
	return ""
}

// starvedForm is the first step of the console's wizard with a file.
func starvedForm(numbers []byte) string {
	return "--x\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n0123456789abcdef\r\n--x\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nfile\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + string(numbers) + "\r\n--x--\r\n"
}

// submit sends a form with the session of a console, and returns where it leads.
func (s *starved) submit(ctx context.Context, cookie, path, kind, form string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+path, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Cookie", strings.TrimPrefix(cookie, "Cookie: "))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Header.Get("Location"), err
}

func (s *starved) attacks() map[string]func(context.Context) {
	const auth, move, multi = "/api/v1/authenticate", "/api/v1/sim/migration/workspace", "/api/v2/endpoint/multi"
	const mib = 1 << 20
	sized := func(n int) string { return "Content-Length: " + strconv.Itoa(n) }
	almost := bytes.Repeat([]byte(" "), mib-1000) // what is missing never comes
	bomb, small := starvedGzip(mib-1), starvedGzip(64*mib)
	held := func(n int, path, bearer string, body []byte, headers ...string) func(context.Context) {
		return func(ctx context.Context) {
			s.raw(ctx, n, false, func(int) []byte { return append([]byte(head("POST", path, bearer, headers...)), body...) })
		}
	}
	whole := func(n int, method, path, bearer string, body []byte, headers ...string) func(context.Context) {
		return func(ctx context.Context) {
			s.raw(ctx, n, true, func(int) []byte {
				return append([]byte(head(method, path, bearer, append(headers, sized(len(body)))...)), body...)
			})
		}
	}
	numbers := starvedNumbers(1 << 18)
	packed, console := gzipOf(numbers), s.console("admin@example.com")
	form := starvedForm(numbers)
	objects := []byte("[" + strings.Repeat("{},", (mib-10)/3) + "{}]")
	nested := bytes.Repeat([]byte("["), mib-10)
	return map[string]func(context.Context){
		"anonymous bodies held":       held(300, auth, "", almost, sized(mib)),
		"anonymous small bodies held": held(600, auth, "", []byte(strings.Repeat(" ", 8000)), sized(8100)),
		"anonymous bombs held":        held(300, auth, "", bomb[:len(bomb)-8], "Content-Encoding: gzip", sized(len(bomb))),
		"anonymous bombs":             whole(300, "POST", auth, "", small, "Content-Encoding: gzip"),
		"one Observer's bodies held":  held(300, move, s.observer, almost, sized(mib)),
		"one Observer's bombs held":   held(300, move, s.observer, bomb[:len(bomb)-8], "Content-Encoding: gzip", sized(len(bomb))),
		"one Observer's bodies":       whole(100, "POST", move, s.observer, append(bytes.Clone(almost), '{', '}')),
		"an Administrator's objects":  whole(64, "POST", multi, s.admin, objects),
		"an Administrator's lists":    whole(64, "POST", move, s.admin, nested),
		"lists for jobs": whole(20, "POST", "/api/v1/migration_job?target_workspace=100", s.admin, packed,
			"Content-Type: text/csv", "Content-Encoding: gzip"),
		"lists for the console":      whole(20, "POST", "/move", "", []byte(form), "Content-Type: multipart/form-data; boundary=x", console),
		"lists for the console held": held(20, "/move", "", []byte(form[:len(form)-10]), "Content-Type: multipart/form-data; boundary=x", sized(len(form)), console),
		"forms of the console held": held(300, "/people/invite", "", bytes.Repeat([]byte("a"), 250<<10),
			"Content-Type: application/x-www-form-urlencoded", sized(256<<10), console),
		"announced, never sent": held(600, move, s.admin, nil, sized(mib)),
		"many chunks":           held(300, move, s.admin, []byte(strings.Repeat("1\r\n \r\n", 20_000)), "Transfer-Encoding: chunked"),
		"nothing sent":          func(ctx context.Context) { s.raw(ctx, idleConnections, true, func(int) []byte { return nil }) },
		"idle after a request": func(ctx context.Context) {
			s.raw(ctx, idleConnections, true, func(int) []byte { return []byte(head("GET", "/healthz", "")) })
		},
		"long headers": whole(1000, "GET", "/healthz", "", nil, "X-A: "+strings.Repeat("a", 60<<10)),
		"headers held": func(ctx context.Context) {
			s.raw(ctx, 1500, true, func(int) []byte { return []byte("GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 30<<10)) })
		},
		"long paths":   whole(1000, "GET", "/"+strings.Repeat("a", 28<<10), "", nil),
		"long filters": whole(300, "GET", "/api/v1/sim?q=imsi:"+strings.Repeat("1", 25<<10), s.observer, nil),
		"large lists":  func(ctx context.Context) { s.flood(ctx, 50, "GET", "/api/v1/sim?per_page=2500", s.observer, "", false) },
		"large lists, never read": func(ctx context.Context) {
			s.raw(ctx, 200, false, func(int) []byte {
				return []byte(strings.Repeat(head("GET", "/api/v1/sim?per_page=2500", s.observer), 4))
			})
		},
		"sign-ins from one address": func(ctx context.Context) {
			s.flood(ctx, 64, "POST", auth, "", starvedCredentials("x@example.com"), false)
		},
		"sign-ins from many addresses": func(ctx context.Context) {
			s.flood(ctx, 64, "POST", auth, "", starvedCredentials("x@example.com"), true)
		},
		"previews and sign-ins": s.previews(console),
		"forged bearers":        func(ctx context.Context) { s.flood(ctx, 64, "GET", "/api/v1/sim", s.observer+"x", "", true) },
	}
}

// previews makes eight previews of one draft with 1.5 million ICCIDs, and lets the server plan the
// last one for some seconds. Meanwhile others sign in from many addresses.
func (s *starved) previews(cookie string) func(context.Context) {
	return func(ctx context.Context) {
		s.pending.Add(1)
		defer s.pending.Add(-1)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		draft, err := s.submit(ctx, cookie, "/move", "multipart/form-data; boundary=x", starvedForm(starvedNumbers(1_500_000)))
		if err != nil || !strings.HasPrefix(draft, "/move/") {
			s.t.Errorf("the draft leads to %q: %v", draft, err)
			return
		}
		var signIns sync.WaitGroup
		signIns.Go(func() {
			s.flood(ctx, 64, "POST", "/api/v1/authenticate", "", starvedCredentials("x@example.com"), true)
		})
		for i := range 8 {
			if err := s.preview(ctx, cookie, draft, i); err != nil {
				s.t.Error(err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(4 * time.Second):
		}
		cancel()
		signIns.Wait()
	}
}

// preview asks for a preview of a draft, which makes a job that the server plans.
func (s *starved) preview(ctx context.Context, cookie, draft string, i int) error {
	form := url.Values{
		"once": {fmt.Sprintf("preview %016d", i)}, "target": {"100"}, "landing": {"contract"}, "detach": {"no"}, "status": {"0", "1", "2"},
		"conflict": {"skip"}, "start": {"now"}, "zone": {"UTC"}, "reason": {strconv.Itoa(i)},
	}
	to, err := s.submit(ctx, cookie, draft, "application/x-www-form-urlencoded", form.Encode())
	if err == nil && to != draft+"/preview" {
		err = fmt.Errorf("preview %d leads to %q", i, to)
	}
	return err
}

// needFiles fails if this process, or one that it starts, cannot open n files.
func needFiles(t *testing.T, n uint64) {
	t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if files.Cur >= n {
		return
	}
	if files.Max < n {
		t.Fatalf("a process may open %d files, and this test needs %d: raise the limit, as root with `ulimit -Hn %d`, "+
			"or with LimitNOFILE or nofile in /etc/security/limits.conf", files.Max, n, n)
	}
	files.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatalf("the limit of open files cannot be raised to %d: run `ulimit -n %d` first: %v", n, n, err)
	}
}

// The memory of the process stays bounded under each of the attacks, and others are served. An
// attack lasts half a second, and until all its connections are open;
// SIMFERRY_ATTACK_SECONDS makes it longer.
func TestAttacksDoNotStarveOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	needFiles(t, idleConnections+1000)
	attack := 500 * time.Millisecond
	if n, err := strconv.Atoi(os.Getenv("SIMFERRY_ATTACK_SECONDS")); err == nil {
		attack = time.Duration(n) * time.Second
	}
	s := startStarved(t)
	attacks := s.attacks()
	if len(attacks) < 20 {
		t.Errorf("only %d attacks", len(attacks))
	}
	names := make([]string, 0, len(attacks))
	for name := range attacks {
		names = append(names, name)
	}
	slices.Sort(names)
	client := &http.Client{Transport: &http.Transport{}}
	for _, name := range names {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { attacks[name](ctx); close(done) }()
		for most, slowest, until := 0, time.Duration(0), time.Now().Add(attack); ; {
			took, status := s.read(client)
			if status != http.StatusOK {
				t.Errorf("%s: another client got a %d", name, status)
				break
			}
			most, slowest = max(most, s.memory("VmRSS")), max(slowest, took)
			if time.Now().After(until) && s.pending.Load() == 0 {
				t.Logf("%-30s %4d MiB, slowest read of another Workspace %v", name, most>>10, slowest.Round(time.Millisecond))
				if most > starvedRSS {
					t.Errorf("%s: %d KiB in memory", name, most)
				}
				break
			}
		}
		cancel()
		<-done
	}
	if most := s.memory("VmHWM"); most > starvedRSS {
		t.Errorf("%d KiB in memory at most", most)
	}
}
