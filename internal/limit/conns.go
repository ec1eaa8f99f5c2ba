package limit

import (
	"container/heap"
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Conns limits the connections of an http.Server, in total and per address. If there is no room
// for a new one, it closes an idle connection: of the address with the most connections, the one
// that has been idle for longest. An address with more connections than that gets room only by
// closing one of its own. If none can be closed, the new connection is closed. Zero means
// unlimited.
type Conns struct {
	Total      int
	PerAddress int
	// Address returns what counts as one address, "" for one that is exempt from PerAddress. The
	// connections of exempt addresses are closed last.
	Address func(netip.Addr) string

	mu     sync.Mutex
	conns  map[net.Conn]*conn
	owners map[string]*owner
	idle   idleOwners
	clock  uint64 // counts how often a connection became idle
	closed uint64 // connections that were closed to keep the limits
}

// conn is one open connection.
type conn struct {
	net.Conn
	owner *owner
	since uint64        // the clock when it became idle
	idle  *list.Element // nil while it is in use
}

// owner is an address with connections.
type owner struct {
	address string
	count   int       // of its connections
	idle    list.List // of *conn, the longest idle first
	index   int       // in idleOwners; -1 if none of its connections is idle
}

// weight orders the addresses by whose connections are closed first.
func (o *owner) weight() int {
	if o.address == "" {
		return 0
	}
	return o.count
}

func (o *owner) longestIdle() *conn { k, _ := o.idle.Front().Value.(*conn); return k }

// idleOwners is a heap of the addresses with idle connections. The first has the most connections;
// among equals, the longest idle one.
type idleOwners []*owner

func (h idleOwners) Len() int { return len(h) }

func (h idleOwners) Less(i, j int) bool {
	if a, b := h[i].weight(), h[j].weight(); a != b {
		return a > b
	}
	return h[i].longestIdle().since < h[j].longestIdle().since
}

func (h idleOwners) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *idleOwners) Push(x any) {
	o, _ := x.(*owner)
	o.index = len(*h)
	*h = append(*h, o)
}

// Pop implements heap.Interface.
func (h *idleOwners) Pop() any {
	last := len(*h) - 1
	o := (*h)[last]
	(*h)[last] = nil
	*h, o.index = (*h)[:last], -1
	return o
}

// place restores the position of an owner in the heap after a change.
func (h *idleOwners) place(o *owner) {
	switch idle := o.idle.Len() > 0; {
	case o.index >= 0 && idle:
		heap.Fix(h, o.index)
	case idle:
		heap.Push(h, o)
	case o.index >= 0:
		heap.Remove(h, o.index)
	}
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
		c.conns, c.owners = make(map[net.Conn]*conn), make(map[string]*owner)
	}
	address := ""
	if tcp, ok := accepted.RemoteAddr().(*net.TCPAddr); ok && c.Address != nil {
		address = c.Address(tcp.AddrPort().Addr())
	}
	o := c.owners[address]
	if o == nil {
		o = &owner{address: address, index: -1}
	}
	if address != "" && bound(o.count, c.PerAddress) && !c.evict(o) {
		c.closed++
		return false
	}
	if bound(len(c.conns), c.Total) && !c.evict(c.victim(o)) {
		c.closed++
		return false
	}
	c.owners[address] = o // again if its last connection was closed just now
	c.conns[accepted] = &conn{Conn: accepted, owner: o}
	o.count++
	c.idle.place(o)
	return true
}

// victim returns the address that has to give up a connection for a new one of o.
func (c *Conns) victim(o *owner) *owner {
	if len(c.idle) == 0 || o.address != "" && c.idle[0].weight() < o.weight() {
		return o
	}
	return c.idle[0]
}

// evict closes the connection of an address that has been idle for longest.
func (c *Conns) evict(o *owner) bool {
	if o.idle.Len() == 0 {
		return false
	}
	k := o.longestIdle()
	c.remove(k)
	c.closed++
	_ = k.Close() // the server notices
	return true
}

func (c *Conns) remove(k *conn) {
	o := k.owner
	c.busy(k)
	delete(c.conns, k.Conn)
	if o.count--; o.count == 0 {
		delete(c.owners, o.address)
	}
	c.idle.place(o)
}

// busy takes a connection off the list of idle ones.
func (c *Conns) busy(k *conn) {
	if k.idle != nil {
		k.owner.idle.Remove(k.idle)
		k.idle = nil
	}
}

// State follows the states of a connection. It is meant for http.Server.ConnState, also of a server
// with TLS, whose connections contain those that Listen has counted.
func (c *Conns) State(changed net.Conn, state http.ConnState) {
	if secure, ok := changed.(interface{ NetConn() net.Conn }); ok {
		changed = secure.NetConn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.conns[changed]
	if k == nil {
		return // it was evicted
	}
	switch state {
	case http.StateNew, http.StateIdle: // a new connection has sent nothing yet
		if k.idle == nil {
			c.clock++
			k.since = c.clock
			k.idle = k.owner.idle.PushBack(k)
			c.idle.place(k.owner)
		}
	case http.StateActive:
		c.busy(k)
		c.idle.place(k.owner)
	case http.StateClosed, http.StateHijacked:
		c.remove(k)
	}
}

// Open returns the number of open connections.
func (c *Conns) Open() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.conns) }

// Closed returns how many connections were closed to keep the limits.
func (c *Conns) Closed() uint64 { c.mu.Lock(); defer c.mu.Unlock(); return c.closed }
