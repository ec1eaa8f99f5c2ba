// Package egress makes HTTP requests to URLs that users name. It connects to public addresses only,
// unless a setting allows all, follows no redirect, uses no proxy, and reads little.
package egress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

const (
	// Timeout bounds one request, from the lookup of the name to the last byte. It is shorter than
	// the lease of a job.
	Timeout = 5 * time.Second

	maxBody   = 64 << 10
	maxHeader = 16 << 10
	maxURL    = 2000
)

// Client makes requests. Use New.
type Client struct {
	private bool
	http    *http.Client
}

// New returns a client. With private it also connects to loopback, private and link-local
// addresses.
func New(private bool) *Client {
	c := &Client{private: private}
	dialer := &net.Dialer{Timeout: Timeout, Control: c.control}
	c.http = &http.Client{
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader, TLSHandshakeTimeout: Timeout,
		},
	}
	return c
}

var errPrivate = errors.New("its address is not public, and the server connects to public addresses only")

// control refuses a connection to an address that is not allowed. It sees the address that a name
// was resolved to.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !c.private && !Public(a.Addr()) {
		return errPrivate
	}
	return nil
}

var (
	// reserved are blocks of IPv4 that no host on the internet has, in addition to those that netip
	// knows.
	reserved = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16"), // they contain IPv4 addresses
	}
	global = netip.MustParsePrefix("2000::/3")
)

// Public reports whether an address belongs to a host on the internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	if a.Is6() && !global.Contains(a) {
		return false
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && a.Zone() == ""
}

// Allowed returns an error for a URL that State would never get.
func (c *Client) Allowed(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("it must be a URL such as https://example.com/health")
	case len(text) > maxURL:
		return fmt.Errorf("it has more than %d characters", maxURL)
	case u.User != nil:
		return errors.New("it must not contain a user name or a password")
	case u.Fragment != "":
		return errors.New("leave out the part from # on: it is never sent")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !c.private && !Public(a) {
		return errPrivate
	}
	return nil
}

// State requests the health of a gate: GET, a 200, and JSON with the member state. Anything else is
// fleet.GateUnknown, and why describes the response.
func (c *Client) State(ctx context.Context, address string) (state fleet.GateState, why string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fleet.GateUnknown, "its URL is not valid"
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "simferry")
	resp, err := c.http.Do(req)
	if err != nil {
		return fleet.GateUnknown, reason(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fleet.GateUnknown, fmt.Sprintf("it responded with status %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return fleet.GateUnknown, "its response broke off"
	}
	var body struct {
		State fleet.GateState `json:"state"`
	}
	if len(text) > maxBody || json.Unmarshal(text, &body) != nil {
		return fleet.GateUnknown, `it did not respond with JSON such as {"state": "healthy"}`
	}
	switch body.State {
	case fleet.GateHealthy, fleet.GateUnhealthy:
		return body.State, "it is " + string(body.State)
	case fleet.GateUnknown:
		return fleet.GateUnknown, "it does not know"
	}
	return fleet.GateUnknown, "its state must be healthy, unhealthy or unknown"
}

// reason explains why there was no response, without addresses of the server's network.
func reason(err error) string {
	var name *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("it did not respond within %v", Timeout)
	case errors.As(err, &name):
		return "its name was not found"
	}
	return "it could not be reached"
}
