// Package httpapi speaks the wire contract: each operation decodes a request, asks one
// rule of control, and encodes the answer. It decides nothing itself.
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

// Options tune the handler.
type Options struct {
	// Log takes one line per request; slog.Default where nil.
	Log *slog.Logger
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// RequestTimeout is how long one request may take; DefaultRequestTimeout where zero.
	RequestTimeout time.Duration
	// PublicURL is where clients reach the server; Link and Location are paths alone without it.
	PublicURL string
	// Limits bound what one caller takes from the others.
	Limits Limits
}

// DefaultRequestTimeout leaves time to answer before the connection's own limit cuts it off.
const DefaultRequestTimeout = 30 * time.Second

// api is the operations over the rules.
type api struct {
	control *control.Control
	log     *slog.Logger
	proxies []netip.Prefix
	timeout time.Duration

	admission *admission
	public    publicURL
}

// newAPI is what both tables of operations share.
func newAPI(o Options) *api {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &api{
		log: slog.New(limit.Log(o.Log.Handler())), proxies: o.TrustedProxies,
		timeout: cmp.Or(o.RequestTimeout, DefaultRequestTimeout), admission: newAdmission(o.Limits),
	}
}

// New makes the handler of the whole API, with the OpenAPI document and its page.
func New(c *control.Control, o Options) http.Handler { return newHandler(c, o, operations) }

func newHandler(c *control.Control, o Options, table []operation) http.Handler {
	a := newAPI(o)
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
