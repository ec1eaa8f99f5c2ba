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
	"github.com/simferry/simferry/internal/fleet"
)

// Options tune the handler.
type Options struct {
	// Log takes one line per request; slog.Default where nil.
	Log *slog.Logger
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// RequestTimeout is how long one request may take; DefaultRequestTimeout where zero.
	RequestTimeout time.Duration
}

// DefaultRequestTimeout leaves time to answer before the connection's own limit cuts it off.
const DefaultRequestTimeout = 30 * time.Second

// api is the operations over the rules.
type api struct {
	control *control.Control
	log     *slog.Logger
	proxies []netip.Prefix
	timeout time.Duration
}

// New makes the handler of the whole API, with the OpenAPI document and its page.
func New(c *control.Control, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	a := &api{control: c, log: o.Log, proxies: o.TrustedProxies, timeout: cmp.Or(o.RequestTimeout, DefaultRequestTimeout)}
	mux := http.NewServeMux()
	for _, op := range operations {
		mux.Handle(op.pattern, a.serve(op))
	}
	page := docspage.Handler()
	mux.Handle("GET /docs", page)
	mux.Handle("GET /docs/{file}", page)
	return a.wrap(crossOrigin(unknownRoutes(mux)))
}

// unknownRoutes answers in the contract's words what the mux would answer in plain text.
func unknownRoutes(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		if allowed := methodsOf(mux, r); len(allowed) > 0 {
			w.Header()["Allow"] = allowed
			write(w, failure(&fleet.Error{Code: methodNotAllowed, Message: r.Method + " is not allowed here"}))
			return
		}
		write(w, failure(fleet.Errorf(fleet.NotFound, "There is no such operation")))
	})
}

func methodsOf(mux *http.ServeMux, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}
