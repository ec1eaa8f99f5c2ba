package console

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/netaddr"
)

// The cookies of the console. Over TLS their names have the prefix __Host-: a browser then
// takes them from this host only, and never sends them without TLS. Without TLS, which is
// allowed on loopback only, they have plain names.
const (
	sessionCookie = "simferry-session" // the console session
	pendingCookie = "simferry-pending" // a sign-in that waits for a code
	deviceCookie  = "simferry-device"  // the fingerprint of a trusted browser
	hostPrefix    = "__Host-"
)

// overTLS reports whether the browser has reached the server through TLS.
func (r *request) overTLS() bool {
	if r.TLS != nil || r.console.https {
		return true
	}
	peer, _ := netaddr.ParseHop(r.RemoteAddr)
	return netaddr.Trusted(peer, r.console.o.TrustedProxies) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// onLoopback reports whether the browser is on this machine and names it as such.
func (r *request) onLoopback() bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func (r *request) cookieName(name string) string {
	if r.overTLS() {
		return hostPrefix + name
	}
	return name
}

// cookie returns the value of a cookie, "" if there is none.
func (r *request) cookie(name string) string {
	c, err := r.Cookie(r.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie; "" removes it.
func (r *request) setCookie(name, value string, lasts time.Duration) {
	age := int(lasts.Seconds())
	if value == "" {
		age = -1
	}
	http.SetCookie(r.writer, &http.Cookie{ //nolint:gosec // without Secure on loopback only
		Name: r.cookieName(name), Value: value, Path: "/", MaxAge: age,
		Secure: r.overTLS(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
