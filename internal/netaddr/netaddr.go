// Package netaddr parses addresses and networks from settings and proxies. Client addresses are
// compared in one form (IPv4 as IPv4, no zone), so networks must be in that form too: one that
// could match no client is refused.
package netaddr

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// mappedBits is the length of ::ffff:0:0/96, which maps IPv4 into IPv6.
const mappedBits = 96

// ParseNetwork parses a network such as 10.0.0.0/8, or a single address, as a network of one.
// IPv4-mapped notation (::ffff:10.0.0.0/104) becomes IPv4. The result may have bits set beyond
// its length; Masked clears them.
//
// Errors quote s and say what to write instead; they do not name the field.
func ParseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "%") {
		return netip.Prefix{}, errors.New(strconv.Quote(s) + " has a zone (%), which has a meaning on one machine only: remove it")
	}
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, errors.New(strconv.Quote(s) + " is neither an address nor a network such as 10.0.0.0/8")
	case !p.Addr().Is4In6():
		return p, nil
	case p.Bits() < mappedBits:
		return netip.Prefix{}, errors.New(strconv.Quote(s) + " is shorter than the 96 bits that map IPv4 into IPv6, so it would match no client: write an IPv4 network such as 10.0.0.0/8")
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits), nil
}

// ParseMasked is ParseNetwork for new values: it also refuses bits beyond the network's length,
// because 10.0.0.5/8 means more than what was probably meant.
func ParseMasked(s string) (netip.Prefix, error) {
	p, err := ParseNetwork(s)
	if err == nil && p != p.Masked() {
		return netip.Prefix{}, errors.New(strconv.Quote(s) + " has bits set beyond its length: write " + p.Masked().String())
	}
	return p, err
}

// Canonical returns the form in which client addresses are compared: IPv4-mapped addresses as
// IPv4, and no zone.
func Canonical(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// ParseHop parses one entry of X-Forwarded-For, or the address of a peer. It accepts an address
// with or without a port, brackets and quotes, as common proxies write it. ok is false for
// anything else, such as "unknown".
func ParseHop(s string) (a netip.Addr, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return Canonical(p.Addr()), true
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	if strings.ContainsAny(s, "[]") { // a zone may contain any character
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return Canonical(a), err == nil
}

// Client returns the address of a client from the address of its connection and from
// X-Forwarded-For. Behind trusted proxies that is the last entry that is not a trusted proxy;
// earlier entries could be forged.
func Client(remote string, forwarded []string, proxies []netip.Prefix) netip.Addr {
	addr, _ := ParseHop(remote) // the zero Addr, as from a Unix socket, counts as an address
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0 && Trusted(addr, proxies); i-- {
		next, ok := ParseHop(hops[i])
		if !ok {
			break
		}
		addr = next
	}
	return addr
}

// Trusted reports whether an address is in one of the networks.
func Trusted(addr netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// Network returns what counts as one client address: with IPv6 the /64, which usually belongs
// to one customer. The zero Addr, as from a Unix socket, is a network of its own.
func Network(a netip.Addr) string {
	a = Canonical(a)
	if !a.Is6() {
		return a.String()
	}
	whole, _ := a.Prefix(64) // an IPv6 address has at least 64 bits
	return whole.String()
}
