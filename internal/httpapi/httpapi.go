// Package httpapi implements the HTTP API: each operation decodes a request, calls one rule of
// package control and encodes the response. It contains no business rules.
package httpapi

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/docspage"
	"github.com/simferry/simferry/internal/limit"
)

// Options configure the handler.
type Options struct {
	// Log receives one line per request; nil means slog.Default.
	Log *slog.Logger
	// TrustedProxies are the addresses whose X-Forwarded-For header is trusted.
	TrustedProxies []netip.Prefix
	// RequestTimeout is the longest time for one request; zero means DefaultRequestTimeout.
	RequestTimeout time.Duration
	// PublicURL is the URL at which clients reach the server. Without it, Link and Location
	// contain paths only.
	PublicURL string
	// Limits bound what one caller can take from the others.
	Limits Limits
	// Door holds the gates that the API shares with the console; nil means its own, by Limits.
	Door *limit.Door
}

// DefaultRequestTimeout leaves time to respond before the connection's own timeout.
const DefaultRequestTimeout = 30 * time.Second

// api implements the operations on top of the rules.
type api struct {
	control *control.Control
	log     *slog.Logger
	proxies []netip.Prefix
	timeout time.Duration

	admission *admission
	public    publicURL

	authorized func(*http.Request) // called by authorize; nil outside tests
}

// newAPI builds what both tables of operations share.
func newAPI(o Options) *api {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &api{
		log: slog.New(limit.Log(o.Log.Handler())), proxies: o.TrustedProxies,
		timeout: cmp.Or(o.RequestTimeout, DefaultRequestTimeout), admission: newAdmission(o.Limits, o.Door),
	}
}

// New returns the handler of the whole API, with the OpenAPI document and its page.
func New(c *control.Control, o Options) http.Handler { return newHandler(newAPI(o), c, o, operations) }

func newHandler(a *api, c *control.Control, o Options, table []operation) http.Handler {
	a.control, a.public = c, newPublicURL(o.PublicURL)
	routes := newRouter()
	for _, op := range table {
		routes.handle(op.pattern, a.serve(op))
	}
	page := docspage.Handler()
	routes.handle("GET /docs", page)
	routes.handle("GET /docs/{file}", page)
	return a.wrap(crossOrigin(a.public.stripped(routes)))
}
