package console

import (
	"cmp"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httplog"
	"github.com/simferry/simferry/internal/limit"
)

// Options configure the console.
type Options struct {
	// Log receives one line per request; nil means slog.Default.
	Log *slog.Logger
	// TrustedProxies are the addresses whose X-Forwarded-For and X-Forwarded-Proto are trusted.
	TrustedProxies []netip.Prefix
	// RequestTimeout is the longest time for one request; zero means 30 seconds.
	RequestTimeout time.Duration
	// PublicURL is the URL at which browsers reach the server; links begin with its path.
	PublicURL string
	// Gates holds the gates that the console shares with the API; nil means its own.
	Gates *limit.Gates
	// Version of the server, shown at the end of each page.
	Version string
	// Mail reports whether the server sends mail, so that a forgotten password can be reset.
	Mail bool
	// Observer measures requests; nil for none.
	Observer httplog.Observer
}

// console implements the pages on top of the rules.
type console struct {
	control *control.Control
	o       Options
	log     *slog.Logger
	gates   *limit.Gates
	base    string // path of the public URL, "" for none
	https   bool   // the public URL is an https one

	templates map[string]*template.Template // by page; "" has the shared parts
	fragments fragments
}

// New returns the handler of all pages.
func New(c *control.Control, o Options) http.Handler { return newConsole(c, o).handler(routes()) }

func newConsole(c *control.Control, o Options) *console {
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 30*time.Second)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Gates == nil {
		o.Gates = limit.NewGates(0, 0, 0)
	}
	u, err := url.Parse(strings.TrimRight(o.PublicURL, "/"))
	if err != nil {
		u = &url.URL{} // the configuration has checked it
	}
	made := &console{
		control: c, o: o, log: slog.New(limit.Log(o.Log.Handler())), gates: o.Gates,
		base: u.EscapedPath(), https: u.Scheme == "https",
	}
	made.templates = made.parseTemplates()
	return made
}

const staticPattern = "GET /static/{hash}/{file}"

func (c *console) handler(table []route) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range table {
		mux.Handle(rt.pattern, routed(rt.pattern, c.serve(rt)))
	}
	mux.Handle(staticPattern, routed(staticPattern, http.HandlerFunc(serveStatic)))
	mux.Handle("/", c.serve(route{need: public, handle: notFound}))
	cross := http.NewCrossOriginProtection()
	if u, err := url.Parse(c.o.PublicURL); err == nil && u.Host != "" {
		_ = cross.AddTrustedOrigin(u.Scheme + "://" + u.Host) // it is a valid origin
	}
	cross.SetDenyHandler(c.serve(route{need: public, handle: crossOrigin}))
	return c.logged(secured(packed(c.stripped(cross.Handler(mux)))))
}

// routed notes the pattern of each request for its log entry.
func routed(pattern string, next http.Handler) http.Handler {
	_, path, _ := strings.Cut(pattern, " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httplog.Of(r.Context()).Route = path
		next.ServeHTTP(w, r)
	})
}

// stripped serves requests with and without the path of the public URL, like the API.
func (c *console) stripped(next http.Handler) http.Handler {
	if c.base == "" {
		return next
	}
	with := http.StripPrefix(c.base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p := r.URL.EscapedPath(); {
		case p == c.base:
			http.Redirect(w, r, c.base+"/", http.StatusPermanentRedirect)
		case strings.HasPrefix(p, c.base+"/"):
			with.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
