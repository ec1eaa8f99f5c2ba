// Package httpx is the part of an HTTP API that does not depend on what the API is about: it
// admits requests, reads and decodes bodies, parses the query of lists, turns errors into
// responses, and writes responses and the log. An API adds a table of operations, the caller and
// the rules.
package httpx

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/httplog"
	"github.com/simferry/simferry/internal/limit"
)

// Options configure a Server.
type Options struct {
	// Log receives one line per request; nil means slog.Default.
	Log *slog.Logger
	// TrustedProxies are the addresses whose X-Forwarded-For header is trusted.
	TrustedProxies []netip.Prefix
	// RequestTimeout is the longest time for one request; zero means 30 s.
	RequestTimeout time.Duration
	// PublicURL is the URL at which clients reach the server. Without it, Link and Location
	// contain paths only.
	PublicURL string
	// Limits bound what one caller can take from the others.
	Limits Limits
	// Streams configures responses that are written piece by piece.
	Streams Streams
	// Gates holds the gates that the API shares with the console; nil means its own, by Limits.
	Gates *limit.Gates
	// Observer measures requests; nil for none.
	Observer httplog.Observer
}

// defaultTimeout leaves time to respond before the connection's own timeout.
const defaultTimeout = 30 * time.Second

// Server serves the operations of one API.
type Server struct {
	log       *slog.Logger
	proxies   []netip.Prefix
	timeout   time.Duration
	admission *admission
	public    publicURL
	streams   Streams
	observer  httplog.Observer
}

// New returns a server.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Streams = o.Streams.withDefaults()
	s := &Server{
		log: slog.New(limit.Log(o.Log.Handler())), proxies: o.TrustedProxies, public: newPublicURL(o.PublicURL),
		timeout: cmp.Or(o.RequestTimeout, defaultTimeout), admission: newAdmission(o.Limits, o.Gates), streams: o.Streams, observer: o.Observer,
	}
	s.admission.streams = newStreams(o.Streams)
	return s
}

// Operation returns the handler of one operation. It gives serve the request and sends the
// response. A request may take the server's timeout, or atLeast if that is longer.
func (s *Server) Operation(atLeast time.Duration, serve func(*Request) Response) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		ctx, cancel := context.WithTimeout(hr.Context(), max(s.timeout, atLeast))
		defer func() { cancel() }()
		r := &Request{Request: hr.WithContext(ctx), From: s.clientAddr(hr), writer: w}
		r.restart = func() {
			was := cancel
			ctx, cancel = context.WithTimeout(context.WithoutCancel(r.Context()), s.timeout)
			stop := context.AfterFunc(hr.Context(), cancel)
			r.place.releases = append(r.place.releases, func() { stop(); was() })
			r.Request = r.WithContext(ctx)
		}
		defer r.finish()
		res := serve(r)
		if res.Refusal != 0 {
			httplog.Of(hr.Context()).Refusal = int(res.Refusal)
		}
		if r.place.large != nil {
			res = packed(r, res)
		}
		r.counted()
		if res.Status == http.StatusTooManyRequests && r.place.anonymous {
			_ = limit.Wait(r.Context(), floodPause) // it is refused in any case
		}
		if res.Status >= http.StatusBadRequest && r.unread() {
			res.Set("Connection", "close") // otherwise the server would wait for the rest of the body
		}
		s.public.point(res)
		if res.stream != nil {
			if res.ContentType != EventStream { // that leaves with its first event
				r.leaveQueue()
			}
			s.stream(hr, r, res)
			return
		}
		send(w, res)
	})
}
