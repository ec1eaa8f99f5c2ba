package httpx

import (
	"compress/gzip"
	"log/slog"
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"github.com/simferry/simferry/internal/httplog"
)

// Wrap adds the middleware common to all operations: the log line, headers, and compression.
func (s *Server) Wrap(next http.Handler) http.Handler {
	packed, err := gzhttp.NewWrapper(gzhttp.MinSize(4096), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // the options are constants
	}
	logger := httplog.Logger{Log: s.log, TrustedProxies: s.proxies, Observer: s.observer, Panicked: func(w http.ResponseWriter, e *httplog.Entry) {
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
