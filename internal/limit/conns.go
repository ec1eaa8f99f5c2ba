package limit

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Conns limits the connections of an http.Server, in total and per address. If there is no room
// for a new one, it closes the connection that has been idle for longest; if none is idle, it
// closes the new one. Zero means unlimited.
type Conns struct {
	Total      int
	PerAddress int
	// Address returns what counts as one address, "" for one that is exempt from PerAddress.
	Address func(netip.Addr) string

	mu    sync.Mutex
	conns map[net.Conn]*conn
	count map[string]int
	idle  list.List // of *conn, the longest idle first
}

// conn is one open connection.
type conn struct {
	net.Conn
	address string
	idle    *list.Element // nil while it is in use
}

// Listen wraps a listener so that connections beyond the limits are closed at once.
func (c *Conns) Listen(l net.Listener) net.Listener { return boundListener{l, c} }

type boundListener struct {
	net.Listener
	conns *Conns
}

func (l boundListener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.conns.admit(accepted) {
			return accepted, nil
		}
		_ = accepted.Close() // nothing has been sent to it yet
	}
}

// admit counts a connection, if there is room for it.
func (c *Conns) admit(accepted net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conns == nil {
		c.conns, c.count = make(map[net.Conn]*conn), make(map[string]int)
	}
	address := ""
	if tcp, ok := accepted.RemoteAddr().(*net.TCPAddr); ok && c.Address != nil {
		address = c.Address(tcp.AddrPort().Addr())
	}
	if address != "" && bound(c.count[address], c.PerAddress) && !c.evict(address) {
		return false
	}
	if bound(len(c.conns), c.Total) && !c.evict("") {
		return false
	}
	c.conns[accepted] = &conn{Conn: accepted, address: address}
	c.count[address]++
	return true
}

// evict closes the connection that has been idle for longest, of one address or of all.
func (c *Conns) evict(address string) bool {
	for e := c.idle.Front(); e != nil; e = e.Next() {
		k, _ := e.Value.(*conn)
		if address == "" || k.address == address {
			c.remove(k)
			_ = k.Close() // the server notices
			return true
		}
	}
	return false
}

func (c *Conns) remove(k *conn) {
	if k.idle != nil {
		c.idle.Remove(k.idle)
		k.idle = nil
	}
	delete(c.conns, k.Conn)
	if c.count[k.address]--; c.count[k.address] == 0 {
		delete(c.count, k.address)
	}
}

// State is for http.Server.ConnState.
func (c *Conns) State(changed net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.conns[changed]
	if k == nil {
		return // it was evicted
	}
	switch state {
	case http.StateNew, http.StateIdle: // a new connection has sent nothing yet
		if k.idle == nil {
			k.idle = c.idle.PushBack(k)
		}
	case http.StateActive:
		if k.idle != nil {
			c.idle.Remove(k.idle)
			k.idle = nil
		}
	case http.StateClosed, http.StateHijacked:
		c.remove(k)
	}
}

// Open returns the number of open connections.
func (c *Conns) Open() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.conns) }
