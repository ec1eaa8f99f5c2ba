package limit_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/simferry/simferry/internal/limit"
)

// server is an HTTP server with limits. Requests to /wait get a response when release is closed.
type server struct {
	address string
	waiting chan struct{} // receives a value for each request to /wait
	release chan struct{}
	idle    chan struct{} // receives a value each time that a connection has become idle
}

func bounded(t *testing.T, c *limit.Conns) server {
	t.Helper()
	waiting, release, idle := make(chan struct{}, 10), make(chan struct{}), make(chan struct{}, 100)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			waiting <- struct{}{}
			<-release
		}
	})}
	s.ConnState = func(changed net.Conn, state http.ConnState) {
		c.State(changed, state)
		if state == http.StateIdle {
			idle <- struct{}{}
		}
	}
	done := make(chan struct{})
	go func() { _ = s.Serve(c.Listen(l)); close(done) }() // it ends with Close
	t.Cleanup(func() { _ = s.Close(); <-done })
	return server{l.Addr().String(), waiting, release, idle}
}

// ask opens a connection and sends a request; answered waits for the response.
func ask(t *testing.T, address, path string) (c net.Conn, answered func() bool) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n") // it may have been closed
	return c, func() bool {
		_, err := http.ReadResponse(bufio.NewReader(c), nil) //nolint:bodyclose // there is none
		return err == nil
	}
}

func closed(c net.Conn) bool {
	_, err := c.Read(make([]byte, 1))
	return err != nil
}

func TestIdleConnectionsAreClosedFirst(t *testing.T) {
	c := &limit.Conns{Total: 3}
	s := bounded(t, c)
	_, busy := ask(t, s.address, "/wait")
	<-s.waiting
	served := func(what string) net.Conn {
		k, answered := ask(t, s.address, "/")
		if !answered() {
			t.Fatal(what + " is not served")
		}
		<-s.idle // the response arrives before that
		return k
	}
	first := served("the first connection")
	served("the second connection")
	for range 5 {
		served("a new connection, while others are idle,")
	}
	if !closed(first) || c.Open() > 3 {
		t.Errorf("the longest idle connection is open; %d are", c.Open())
	}
	close(s.release)
	if !busy() {
		t.Error("a connection in use was closed")
	}
}

func TestNewConnectionIsClosedIfAllAreBusy(t *testing.T) {
	var exempt atomic.Bool
	c := &limit.Conns{Total: 3, PerAddress: 2, Address: func(a netip.Addr) string {
		if exempt.Load() {
			return ""
		}
		return a.String()
	}}
	s := bounded(t, c)
	for range 2 {
		ask(t, s.address, "/wait")
		<-s.waiting
	}
	if _, answered := ask(t, s.address, "/"); answered() {
		t.Error("an address has more connections than it may")
	}
	exempt.Store(true)
	ask(t, s.address, "/wait")
	<-s.waiting
	if _, answered := ask(t, s.address, "/"); answered() {
		t.Error("there are more connections than there may be")
	}
	close(s.release)
}

// TestManyConnectionsMakeRoomFirst fills a server with connections of an address that keeps them
// open, and checks that the older ones of other addresses stay.
func TestManyConnectionsMakeRoomFirst(t *testing.T) {
	for name, test := range map[string]struct {
		open string // the address of each connection in order; lower case is idle, upper case in use
		next string
		want string // the address whose connection is closed; the next one's in upper case if it is refused
	}{
		"the oldest has few":             {"abbb", "c", "b"},
		"the newcomer has most":          {"abbb", "b", "b"},
		"the newcomer's are in use":      {"aBBB", "b", "B"},
		"another in use does not matter": {"aaBB", "c", "a"},
		"equal: the longest idle":        {"abcd", "e", "a"},
		"equal, and one of them asks":    {"abcd", "b", "a"},
		"all in use":                     {"ABCD", "e", "E"},
		"exempt last":                    {"----ab", "c", "a"},
		"exempt if no other":             {"---A", "b", "-"},
		"an exempt one asks":             {"--ab", "-", "a"},
	} {
		c := &limit.Conns{Total: len(test.open), Address: func(a netip.Addr) string {
			return strings.Trim(string(rune(a.As4()[3])), "-")
		}}
		l := &scripted{}
		bounded := c.Listen(l)
		closed := func() (list string) {
			for _, k := range l.conns {
				if k.closed {
					list += string(k.address)
				}
			}
			return list
		}
		for _, address := range test.open {
			l.next = &scriptedConn{address: unicode.ToLower(address)}
			k, err := bounded.Accept()
			if err != nil {
				t.Fatal(err)
			}
			state := http.StateNew
			if unicode.IsUpper(address) {
				state = http.StateActive
			}
			c.State(k, state)
		}
		l.next = &scriptedConn{address: rune(test.next[0])}
		_, err := bounded.Accept()
		want := strings.ToLower(test.want)
		if got := closed(); got != want || (err != nil) != (want != test.want) {
			t.Errorf("%s: closed %q, refused: %v, want %q", name, got, err, test.want)
		}
		if c.Open() != len(test.open) {
			t.Errorf("%s: %d are open", name, c.Open())
		}
	}
}

// scripted is a listener that accepts next once.
type scripted struct {
	net.Listener
	next  *scriptedConn
	conns []*scriptedConn
}

func (l *scripted) Accept() (net.Conn, error) {
	k := l.next
	if l.next = nil; k == nil {
		return nil, io.EOF
	}
	l.conns = append(l.conns, k)
	return k, nil
}

// scriptedConn is a connection from an address whose last byte is a letter.
type scriptedConn struct {
	net.Conn
	address rune
	closed  bool
}

func (k *scriptedConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, byte(k.address))}
}

func (k *scriptedConn) Close() error { k.closed = true; return nil }

func TestContainerMemory(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, test := range map[string]struct {
		files fstest.MapFS
		want  int64
	}{
		"none":                 {fstest.MapFS{}, 0},
		"version 2":            {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("268435456\n"), "sys/fs/cgroup/a/memory.max": file("max\n")}, 256 << 20},
		"version 2, above":     {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n"), "sys/fs/cgroup/a/memory.max": file("1048576\n")}, 1 << 20},
		"version 2, container": {fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("1048576\n")}, 1 << 20},
		"version 2, unlimited": {fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, 0},
		"version 1":            {fstest.MapFS{"proc/self/cgroup": file("5:cpu,cpuacct:/\n4:memory:/docker/x\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("1048576\n")}, 1 << 20},
		"version 1, unlimited": {fstest.MapFS{"proc/self/cgroup": file("4:memory:/\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 0},
		"garbage":              {fstest.MapFS{"proc/self/cgroup": file("x\n0::/\n"), "sys/fs/cgroup/memory.max": file("many\n")}, 0},
	} {
		if got, ok := limit.ContainerMemory(test.files); got != test.want || ok != (test.want > 0) {
			t.Errorf("%s: %d, %t, want %d", name, got, ok, test.want)
		}
	}
}
