package console

import (
	"compress/gzip"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"github.com/simferry/simferry/internal/httplog"
)

// policy is the Content-Security-Policy of every page. Nothing is loaded from elsewhere, and no
// text of a page becomes a script.
var policy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
	"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	"require-trusted-types-for 'script'", "trusted-types simferry",
}, "; ")

// secured sets the security headers of every response.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// packed compresses large responses.
func packed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap(next)
}

// logged writes one line per request and turns a panic into a 500.
func (c *console) logged(next http.Handler) http.Handler {
	return httplog.Logger{Log: c.log, TrustedProxies: c.o.TrustedProxies, Observer: c.o.Observer, Panicked: func(w http.ResponseWriter, e *httplog.Entry) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(text("error.internal.title") + " (" + e.ID + ")\n")) // on failure the browser is gone
	}}.Wrap(next)
}
