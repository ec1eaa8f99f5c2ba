package httpx

import (
	"compress/gzip"
	"log/slog"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"github.com/simferry/simferry/internal/httplog"
)

// Wrap adds the middleware common to all operations: the log line, headers, and compression.
func (s *Server) Wrap(next http.Handler) http.Handler {
	packed, err := gzhttp.NewWrapper(gzhttp.MinSize(4096), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // the options are constants
	}
	logger := httplog.Logger{Log: s.log, TrustedProxies: s.proxies, Panicked: func(w http.ResponseWriter, e *httplog.Entry) {
		writeResponse(w, Failure(e.Err))
	}}
	return logger.Wrap(secured(packed(next)))
}

// LogCaller adds to the log line who sent the request.
func (r *Request) LogCaller(attrs ...slog.Attr) { httplog.Of(r.Context()).Attrs = attrs }

// LogError adds the reason of a refusal to the log line.
func (r *Request) LogError(err error) { httplog.Of(r.Context()).Err = err }

// RequestID returns the id that the response and the log line have.
func (r *Request) RequestID() string { return httplog.Of(r.Context()).ID }

const exposed = "X-Count-Per-Page, X-Current-Page, X-Total-Count, X-Total-Pages, X-Sort, X-Filter, X-Next, X-Request-Id, " +
	"Location, Link, ETag, Idempotent-Replayed, Retry-After"

// secured sets the security headers of every response.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// CrossOrigin allows requests from other origins. This is safe because cookies never
// authenticate: a page can only do what its own bearer allows.
func CrossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", exposed)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", allowedHeaders(r))
			h.Add("Vary", "Access-Control-Request-Headers")
			h.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knownHeaders are the request headers that a page from another origin may always send.
const knownHeaders = "Authorization, Content-Type, If-Match, Idempotency-Key, X-Requested-With, Cache-Control, " +
	"If-Modified-Since, DNT, User-Agent"

// allowedHeaders returns the known headers and those that the preflight asks for. Unknown
// headers have no effect, so they are no reason to block a request.
func allowedHeaders(r *http.Request) string {
	const most = 4096 // maximum bytes to repeat
	asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ",")
	if len(asked) > most {
		asked = ""
	}
	allowed := knownHeaders
	for _, name := range strings.Split(asked, ",") {
		if name = strings.TrimSpace(name); isToken(name) {
			allowed += ", " + name
		}
	}
	return allowed
}

// isToken reports whether a text is a valid header name.
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	}) < 0
}
