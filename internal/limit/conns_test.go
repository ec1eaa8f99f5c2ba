package limit_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"testing/fstest"

	"github.com/simferry/simferry/internal/limit"
)

// bounded serves with limits; requests to /wait get a response when release is closed.
func bounded(t *testing.T, c *limit.Conns) (address string, waiting chan struct{}, release chan struct{}) {
	t.Helper()
	waiting, release = make(chan struct{}, 10), make(chan struct{})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ConnState: c.State, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			waiting <- struct{}{}
			<-release
		}
	})}
	done := make(chan struct{})
	go func() { _ = s.Serve(c.Listen(l)); close(done) }() // it ends with Close
	t.Cleanup(func() { _ = s.Close(); <-done })
	return l.Addr().String(), waiting, release
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

func TestIdleConnectionsMakeRoom(t *testing.T) {
	c := &limit.Conns{Total: 3}
	address, waiting, release := bounded(t, c)
	_, busy := ask(t, address, "/wait")
	<-waiting
	first, answered := ask(t, address, "/")
	if !answered() {
		t.Fatal("the first is not served")
	}
	if _, answered := ask(t, address, "/"); !answered() {
		t.Error("the second is not served")
	}
	for range 5 {
		if _, answered := ask(t, address, "/"); !answered() {
			t.Error("a new connection is not served while others are idle")
		}
	}
	if !closed(first) || c.Open() > 3 {
		t.Errorf("the longest idle connection is open; %d are", c.Open())
	}
	close(release)
	if !busy() {
		t.Error("a connection in use was closed")
	}
}

func TestNoRoomBesideBusyConnections(t *testing.T) {
	exempt := false
	c := &limit.Conns{Total: 3, PerAddress: 2, Address: func(a netip.Addr) string {
		if exempt {
			return ""
		}
		return a.String()
	}}
	address, waiting, release := bounded(t, c)
	for range 2 {
		ask(t, address, "/wait")
		<-waiting
	}
	if _, answered := ask(t, address, "/"); answered() {
		t.Error("an address has more connections than it may")
	}
	exempt = true
	ask(t, address, "/wait")
	<-waiting
	if _, answered := ask(t, address, "/"); answered() {
		t.Error("there are more connections than there may be")
	}
	close(release)
}

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
