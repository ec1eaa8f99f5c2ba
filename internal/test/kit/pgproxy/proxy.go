package pgproxy

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy forwards connections to one server. Its methods may be called from several
// goroutines.
type Proxy struct {
	target     string
	url        string
	listener   net.Listener
	roundTrips atomic.Int64

	mu      sync.Mutex
	cut     Cut
	skip    int // commits that pass before it
	cuts    int
	conns   map[net.Conn]struct{}
	refuses bool
	frozen  chan struct{} // closed when it continues; nil if nothing is frozen
	wg      sync.WaitGroup
}

// Cut says where the next commit loses its connection.
type Cut int

// The places of a cut.
const (
	Nowhere      Cut = iota
	BeforeCommit     // the server never sees the commit
	AfterCommit      // the server has committed, the client gets no reply
)

// Start begins to forward to the server of a URL in pgtest's form (host and port in the
// query, no TLS), until the test ends.
func Start(t testing.TB, database string) *Proxy {
	t.Helper()
	p, err := Listen(database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Listen starts a proxy outside of tests; the caller must call Close.
func Listen(database string) (*Proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, conns: make(map[net.Conn]struct{})}
	if p.target, p.url, err = redirect(database, listener.Addr().String()); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p.wg.Go(p.accept)
	return p, nil
}

// redirect finds the server in a URL and puts another address in its place.
func redirect(database, to string) (target, redirected string, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", "", errors.New("pgproxy: the database URL is not valid")
	}
	query := u.Query()
	host, port := u.Hostname(), u.Port()
	if query.Has("host") {
		host, port = query.Get("host"), query.Get("port")
	}
	if port == "" {
		port = "5432"
	}
	query.Del("host")
	query.Del("port")
	query.Del("connect_timeout") // tests through a proxy check Simferry's own timeout
	query.Set("sslmode", "disable")
	u.Host, u.RawQuery = to, query.Encode()
	return net.JoinHostPort(host, port), u.String(), nil
}

// URL returns the URL of the database through the proxy.
func (p *Proxy) URL() string { return p.url }

// Addr returns the address of the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// RoundTrips counts how often the server has answered and waited for the client: once for
// each statement, pipeline, or new connection.
func (p *Proxy) RoundTrips() int64 { return p.roundTrips.Load() }

// CutNext closes the connection of the next commit at the given point, once.
func (p *Proxy) CutNext(where Cut) { p.CutNth(1, where) }

// CutNth does what CutNext does, at the nth commit from now on.
func (p *Proxy) CutNth(n int, where Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.skip = where, n-1
}

// Cuts counts the commits that have lost their connection.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Sever closes all connections, as a failing network does. While it refuses, the proxy
// takes no new ones.
func (p *Proxy) Sever(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuse
	for c := range p.conns {
		_ = c.Close() // an error does not matter: the connection is to break
	}
}

// Freeze stops forwarding in both directions and closes nothing, like a network that loses all
// packets. Resume sends the data that arrived meanwhile.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
	}
}

// Resume ends Freeze.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

// pass waits while the proxy is frozen.
func (p *Proxy) pass() {
	p.mu.Lock()
	frozen := p.frozen
	p.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	if !p.admit(client) {
		return
	}
	defer p.forget(client)
	server, err := (&net.Dialer{}).DialContext(context.Background(), network(p.target), address(p.target))
	if err != nil {
		return // the client sees its connection closed, as with a server that is down
	}
	defer func() { _ = server.Close() }()
	if !p.admit(server) {
		return
	}
	defer p.forget(server)
	newConnection(p, client, server).run()
}

// network and address: PostgreSQL's clients take a host that begins with / for the
// directory of a Unix socket.
func network(target string) string {
	if strings.HasPrefix(target, "/") {
		return "unix"
	}
	return "tcp"
}

func address(target string) string {
	if directory, port, _ := strings.Cut(target, ":"); strings.HasPrefix(target, "/") {
		return directory + "/.s.PGSQL." + port
	}
	return target
}

func (p *Proxy) admit(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.refuses {
		p.conns[c] = struct{}{}
	}
	return !p.refuses
}

func (p *Proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// takeCut returns the point at which the passing commit is cut.
func (p *Proxy) takeCut() Cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.skip > 0 {
		p.skip--
		return Nowhere
	}
	cut := p.cut
	if p.cut = Nowhere; cut != Nowhere {
		p.cuts++
	}
	return cut
}

// Close ends all connections, and waits for their end.
func (p *Proxy) Close() {
	_ = p.listener.Close() // ends accept
	p.Sever(true)
	p.Resume()
	p.wg.Wait()
}
