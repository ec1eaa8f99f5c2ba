package kit

import (
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/egress"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/world"
)

// Server is a Simferry server of a test.
type Server struct {
	T       testing.TB
	URL     string // http://127.0.0.1:PORT
	DB      string // the database's URL, for a second server on it
	Store   *store.Store
	Control *control.Control
	Clock   *Clock
	HTTP    *http.Client // checks each exchange against api/openapi.yaml

	engine  Engine
	mu      sync.Mutex
	tokens  map[string]string
	tracing sync.Mutex
	trace   []string // nil while nothing is recorded
	watch   func(statement string)
	sql     *sql.DB
}

// CheapPassword is a cost of hashing at which tests stay fast. It hides no difference
// between outcomes: each still costs one hash.
var CheapPassword = identity.Params{Memory: 64, Time: 1, Threads: 1}

// Start runs a server over a fresh database.
func Start(t testing.TB, e Engine) *Server {
	t.Helper()
	return StartOn(t, e.URL(t), NewClock())
}

// StartOn runs a server over a database that may have others.
func StartOn(t testing.TB, url string, clock *Clock) *Server {
	t.Helper()
	return StartWith(t, url, clock, control.Options{Deliver: control.DeliverByMail, TerminalPage: "/terminal"})
}

// StartWith starts a server like StartOn, with options of the rules. It replaces their log, and
// sets CheapPassword unless they set a cost.
func StartWith(t testing.TB, url string, clock *Clock, o control.Options) *Server {
	t.Helper()
	s := &Server{T: t, DB: url, Clock: clock, engine: Postgres, tokens: make(map[string]string)}
	if strings.HasPrefix(url, "sqlite:") {
		s.engine = SQLite
	}
	db := openStore(t, url, store.Options{Clock: clock.Now, MaxConns: 8, Trace: s.record})
	t.Cleanup(db.close)
	s.Store = db.Store
	o.Log = slog.New(slog.DiscardHandler)
	if o.Gates == nil {
		o.Gates = egress.New(true)
	}
	o.WatchPoll = 100 * time.Millisecond
	if o.Password == (identity.Params{}) {
		o.Password = CheapPassword
	}
	c, err := control.New(t.Context(), s.Store, o)
	if err != nil {
		t.Fatal(err)
	}
	s.Control = c
	handler := httpapi.New(c, httpx.Options{
		Streams: httpx.Streams{Lifetime: 100 * time.Millisecond}, // tests of all operations read each response to its end
		Log:     slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.URL = server.URL
	s.HTTP = &http.Client{Transport: contract.New(t).RoundTripper(server.Client().Transport)}
	return s
}

// Seed applies a world file.
func (s *Server) Seed(text string) *Server {
	s.T.Helper()
	w, err := world.Parse(strings.NewReader(text))
	if err == nil {
		_, err = operator.New(s.Control).ApplyWorld(s.T.Context(), w)
	}
	if err != nil {
		s.T.Fatalf("seed: %v", err)
	}
	return s
}

// Import imports a CSV file of SIMs, as the operator does, and returns the number of new SIMs.
func (s *Server) Import(text string) (added int, err error) {
	s.T.Helper()
	list, err := world.ReadSIMs(func() (io.Reader, error) { return strings.NewReader(text), nil })
	if err != nil {
		s.T.Fatal(err)
	}
	done, err := operator.New(s.Control).ImportSIMs(s.T.Context(), list, 0, nil)
	return done.Added, err
}
