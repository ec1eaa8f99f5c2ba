package httpapi

import (
	"net/http"
	"strings"
)

// exposed are the response headers that a page from another origin may read.
const exposed = "X-Count-Per-Page, X-Current-Page, X-Total-Count, X-Total-Pages, X-Sort, X-Filter, X-Next, X-Request-Id, " +
	"Location, Link, ETag, Idempotent-Replayed, Retry-After"

// crossOrigin allows requests from other origins. This is safe because cookies never
// authenticate: a page can only do what its own bearer allows.
func crossOrigin(next http.Handler) http.Handler {
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
