package pgproxy

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
)

// connection forwards between one client and its server, message by message.
type connection struct {
	proxy          *Proxy
	client, server net.Conn
	isClientCut    atomic.Bool // the client hears nothing more: its commit was cut
}

func newConnection(p *Proxy, client, server net.Conn) *connection {
	return &connection{proxy: p, client: client, server: server}
}

func (c *connection) run() {
	var wg sync.WaitGroup
	wg.Go(func() { c.upstream(); c.hangUp() })
	wg.Go(func() { c.downstream(); c.hangUp() })
	wg.Wait()
}

func (c *connection) hangUp() {
	_ = c.client.Close() // either may be closed already
	_ = c.server.Close()
}

// upstream forwards what the client says. Its first message, and only that, has no type.
func (c *connection) upstream() {
	from := bufio.NewReader(c.client)
	startup, err := readBody(from, nil)
	if err != nil {
		return
	}
	c.proxy.pass()
	if write(c.server, startup) != nil {
		return
	}
	for {
		m, err := readMessage(from)
		if err != nil {
			return
		}
		c.proxy.pass()
		if isCommit(m) {
			switch c.proxy.takeCut() {
			case BeforeCommit:
				return
			case AfterCommit:
				c.isClientCut.Store(true)
			case Nowhere:
			}
		}
		if write(c.server, m) != nil {
			return
		}
	}
}

// downstream forwards the server's responses, and counts ReadyForQuery: the server's
// "your turn".
func (c *connection) downstream() {
	from := bufio.NewReader(c.server)
	for {
		m, err := readMessage(from)
		if err != nil {
			return
		}
		c.proxy.pass()
		ready := m[0] == 'Z'
		if c.isClientCut.Load() {
			if ready {
				return // the commit has happened
			}
			continue
		}
		if ready {
			c.proxy.roundTrips.Add(1)
		}
		if write(c.client, m) != nil {
			return
		}
	}
}

func readMessage(r io.Reader) ([]byte, error) {
	kind := make([]byte, 1, 512)
	if _, err := io.ReadFull(r, kind); err != nil {
		return nil, err
	}
	return readBody(r, kind)
}

// readBody reads a length, which counts itself, and what it announces.
func readBody(r io.Reader, m []byte) ([]byte, error) {
	at := len(m)
	m = append(m, 0, 0, 0, 0)
	if _, err := io.ReadFull(r, m[at:]); err != nil {
		return nil, err
	}
	rest := make([]byte, max(4, binary.BigEndian.Uint32(m[at:]))-4)
	_, err := io.ReadFull(r, rest)
	return append(m, rest...), err
}

// isCommit recognizes the commit of a simple query and one that is parsed first.
func isCommit(m []byte) bool {
	var text string
	switch m[0] {
	case 'Q':
		text = cString(m[5:])
	case 'P': // the statement's name, then its text
		if name := cString(m[5:]); 5+len(name)+1 <= len(m) {
			text = cString(m[5+len(name)+1:])
		}
	}
	return strings.EqualFold(strings.TrimSpace(text), "commit")
}

func cString(b []byte) string {
	text, _, _ := strings.Cut(string(b), "\x00")
	return text
}

func write(to net.Conn, m []byte) error {
	_, err := to.Write(m)
	return err
}
