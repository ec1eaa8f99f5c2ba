package netaddr_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/netaddr"
)

func TestParseNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.0/8": "10.0.0.0/8", "10.1.2.3": "10.1.2.3/32", "10.1.2.3/8": "10.1.2.3/8", "2001:db8::/32": "2001:db8::/32",
		"2001:db8::1": "2001:db8::1/128", "0.0.0.0/0": "0.0.0.0/0", "::/0": "::/0",
		"::ffff:10.0.0.0/104": "10.0.0.0/8", "::ffff:10.1.2.3": "10.1.2.3/32", "::ffff:a01:203/128": "10.1.2.3/32", "::ffff:0:0/96": "0.0.0.0/0",
	} {
		if got, err := netaddr.ParseNetwork(in); err != nil || got.String() != want {
			t.Errorf("%q: %v, %v, want %s", in, got, err, want)
		}
	}
	for in, cure := range map[string]string{
		"::ffff:0:0/95": "10.0.0.0/8", "::ffff:10.0.0.0/8": "10.0.0.0/8", "fe80::1%eth0": "remove it", "fe80::%eth0/64": "remove it",
		"::ffff:10.0.0.1%1": "remove it", "lan": "neither", "": "neither", "10.0.0.0/33": "neither", "10.0.0.0/": "neither", "10.0.0.0/08": "neither", "10.0.0": "neither",
	} {
		if got, err := netaddr.ParseNetwork(in); err == nil || !strings.Contains(err.Error(), cure) {
			t.Errorf("%q: %v, %v, want an error with %q", in, got, err, cure)
		}
	}
}

// An accepted network matches a client in it.
func FuzzParseNetwork(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:1.2.3.4", "fe80::1%a", "::/0", "::ffff:0:0/80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := netaddr.ParseNetwork(s)
		if err == nil && !p.Contains(netaddr.Canonical(p.Addr())) {
			t.Errorf("%q is accepted as %v and matches not even its own address", s, p)
		}
	})
}

func TestParseHop(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "\t203.0.113.9:4711\t": "203.0.113.9", "2001:db8::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1",
		"[2001:db8::1]:443": "2001:db8::1", `"[2001:db8::1]:443"`: "2001:db8::1", `"203.0.113.9"`: "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9",
		"[::ffff:203.0.113.9]:80": "203.0.113.9", "fe80::1%eth0": "fe80::1", "[fe80::1%eth0]:80": "fe80::1",
	} {
		if got, ok := netaddr.ParseHop(in); !ok || got != netip.MustParseAddr(want) {
			t.Errorf("%q: %v, %t, want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "unknown", "_hidden", "[2001:db8::1", "2001:db8::1]", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:70000", "[]", `"`, "host.example.com:80"} {
		if got, ok := netaddr.ParseHop(in); ok {
			t.Errorf("%q is taken for %v", in, got)
		}
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9", "2001:db8::1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := netaddr.Network(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
