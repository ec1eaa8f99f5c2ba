package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func BenchmarkHTTP(b *testing.B) {
	for _, engine := range engines {
		for _, size := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/fleet=%d", engine.name, size), func(b *testing.B) {
				p := engine.open(b, size)
				s := serve(b, p)
				for _, n := range []int{1, 50, 500} {
					b.Run(fmt.Sprintf("dry/sims=%d", n), func(b *testing.B) { s.dryRun(b, iccids(1, n)) })
					b.Run(fmt.Sprintf("real/sims=%d", n), func(b *testing.B) { s.realRun(b, n, false) })
					b.Run(fmt.Sprintf("real-busy/sims=%d", n), func(b *testing.B) { s.realRun(b, n, true) })
				}
				b.Run("dry-scattered/sims=500", func(b *testing.B) { s.dryRun(b, scattered(size, 500)) })
			})
		}
	}
}

var engines = []struct {
	name string
	open func(testing.TB, int) *place
}{
	{"sqlite", openSQLite},
	{"postgres", openPostgres},
}

func TestMain(m *testing.M) {
	server.TuneGC(config.Default()) // as serve does, for operation and floor alike
	pgtest.Main(m)
}

// served is a place behind its API, and a client that is signed in.
type served struct {
	*place
	url    string
	token  string
	client *http.Client
}

func serve(b *testing.B, p *place) *served {
	b.Helper()
	return serveWith(b, p, httpx.Limits{})
}

func serveWith(b *testing.B, p *place, l httpx.Limits) *served {
	b.Helper()
	c, err := control.New(b.Context(), p.store, control.Options{Password: cheap})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(httpapi.New(c, httpx.Options{Log: slog.New(slog.DiscardHandler), Limits: l}))
	b.Cleanup(server.Close)
	s := &served{place: p, url: server.URL, client: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
	name, digest := username, identity.WireDigest(password)
	var signedIn wire.AuthResponse
	body, err := s.post(b.Context(), "/api/v1/authenticate", wire.AuthRequest{Username: &name, Password: &digest})
	if err == nil {
		err = json.Unmarshal(body, &signedIn)
	}
	if err != nil {
		b.Fatal(err)
	}
	s.token = signedIn.AuthToken
	return s
}

func (s *served) post(ctx context.Context, path string, v any) ([]byte, error) {
	resp, err := s.send(ctx, path, encoded(v))
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return body, err
}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a request of this file
	}
	return text
}

func (s *served) send(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	return s.client.Do(req)
}

// migrate sends a request and reads the answer to its end. Neither writing the request nor
// understanding the answer is the server's work, so a benchmark does not time it.
func (s *served) migrate(ctx context.Context, body []byte) error {
	resp, err := s.send(ctx, "/api/v1/sim/migration/workspace", body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// request asks for SIMs by ICCID.
func request(list []string, to fleet.WorkspaceID, dry bool) []byte {
	return encoded(wire.MigrationRequest{
		TargetWorkspace: wire.Some(wire.RefTo(int64(to))), DryRun: wire.Some(dry), AutoDetachDevices: wire.Some(true),
		ICCIDs: wire.Some(list),
	})
}

// scattered returns n SIMs from all over a fleet, in random order.
func scattered(size, n int) []string {
	list := make([]string, n)
	for i, at := range rand.New(rand.NewPCG(1, 1)).Perm(n) {
		list[i] = string(iccid(1 + at*(size/n)))
	}
	return list
}

// iccids returns those of n SIMs from first on.
func iccids(first, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = string(iccid(first + i))
	}
	return list
}

// ids returns those of n SIMs from first on.
func ids(first, n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(first + i)
	}
	return list
}

func (s *served) dryRun(b *testing.B, list []string) {
	b.Helper()
	ctx, body := b.Context(), request(list, right, true)
	turns(b, func() error { return nil },
		func() error { return s.migrate(ctx, body) },
		func() error { return s.floor.read(ctx, list) }, s.empty)
}

// empty measures the shortest way through the server.
func (s *served) empty() error {
	resp, err := s.client.Get(s.url + "/healthz") //nolint:noctx // a benchmark waits for it
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// realRun moves idle SIMs, or busy ones: activated and in devices, so that each of them
// has two events.
func (s *served) realRun(b *testing.B, n int, busy bool) {
	b.Helper()
	body := request(iccids(1, n), right, false)
	s.moves(b, n, busy, func(ctx context.Context) error { return s.migrate(ctx, body) }, s.empty)
}

func (p *place) moves(b *testing.B, n int, busy bool, operation func(context.Context) error, wire func() error) {
	b.Helper()
	ctx, list := b.Context(), ids(1, n)
	turns(b, func() error { return p.floor.reset(ctx, list, int64(left), busy) },
		func() error { return operation(ctx) },
		func() error { return p.floor.move(ctx, list, int64(left), int64(right)) }, wire)
	if err := p.floor.reset(ctx, list, int64(left), false); err != nil {
		b.Fatal(err)
	}
}
