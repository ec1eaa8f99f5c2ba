package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/internal/cli"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// person is a user of the API with a folder of files.
type person struct {
	t    *testing.T
	home string
	env  map[string]string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{t: t, home: t.TempDir(), env: make(map[string]string)}
	p.env["SIMFERRY_HOME"] = p.home
	return p
}

// run runs one command; stdin is not a terminal.
func (p *person) run(stdin string, args ...string) result {
	p.t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(p.t.Context(), cli.Process{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		LookupEnv: func(name string) (string, bool) {
			value, found := p.env[name]
			return value, found
		},
	})
	return result{code, out.String(), errs.String()}
}

// login signs in to a server.
func (p *person) login(server, username string) {
	p.t.Helper()
	if got := p.run(fakeserver.Password+"\n", "login", "--server", server, "--username", username, "--password-stdin"); got.code != 0 {
		p.t.Fatalf("login: %+v", got)
	}
}

// between is a server behind a proxy that sees every request and may change the world at that
// moment.
type between struct {
	URL string

	mu     sync.Mutex
	counts map[string]int
	hooks  map[string]func(n int)
}

// The requests that a hook may follow or precede.
const (
	afterList  = "GET /api/v1/sim"                      // after the answer to a page
	beforeRun  = "POST /api/v1/sim/migration/workspace" // before a dry run
	beforeJob  = "POST /api/v1/migration_job"           // before a job is made
	beforeReal = "real " + beforeRun                    // before a real run, or the start of a job
)

// newBetween returns a proxy in front of a server. Lists get pages of perPage items.
func newBetween(t *testing.T, server, perPage string) *between {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	b := &between{counts: make(map[string]int), hooks: make(map[string]func(int))}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Method + " " + r.URL.Path
		if name == afterList {
			q := r.URL.Query()
			q.Set("per_page", perPage)
			r.URL.RawQuery = q.Encode()
			proxy.ServeHTTP(w, r)
			b.meet(name)
			return
		}
		if name == beforeRun {
			body, _ := io.ReadAll(r.Body) // the proxy reports errors
			if bytes.Contains(body, []byte(`"dry_run":false`)) {
				name = beforeReal
			}
			b.meet(name)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if name == beforeJob {
			b.meet(name)
		}
		if strings.HasPrefix(name, beforeJob+"/") && strings.HasSuffix(name, "/start") {
			b.meet(beforeReal)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	b.URL = front.URL
	return b
}

func (b *between) on(name string, hook func(n int)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hooks[name] = hook
}

func (b *between) meet(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[name]++
	if hook := b.hooks[name]; hook != nil {
		hook(b.counts[name])
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
