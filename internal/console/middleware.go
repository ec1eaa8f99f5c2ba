package console

import (
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzhttp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/netaddr"
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

// entry collects the fields of a request's log line.
type entry struct {
	id   string
	user fleet.UserID
	err  error
}

type entryKey struct{}

// noted returns the entry of the request's log line.
func noted(ctx context.Context) *entry {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		return e
	}
	return &entry{}
}

// logged writes one line per request and turns a panic into a 500.
func (c *console) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &entry{id: uuid.NewString()}
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		sw.Header().Set("X-Request-Id", e.id)
		r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
		defer func() {
			if p := recover(); p != nil {
				e.err = fmt.Errorf(limit.LogPanic+"%v\n%s", p, debug.Stack())
				if !sw.wrote {
					sw.WriteHeader(http.StatusInternalServerError)
					_, _ = sw.Write([]byte(text("error.internal.title") + " (" + e.id + ")\n")) // on failure the browser is gone
				}
			}
			c.line(r, sw, e, time.Since(start))
		}()
		next.ServeHTTP(sw, r)
	})
}

func (c *console) line(r *http.Request, sw *statusWriter, e *entry, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("id", e.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", sw.status), slog.Int64("bytes", sw.bytes), slog.Duration("took", took),
		slog.String("from", netaddr.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), c.o.TrustedProxies).String()),
	}
	if e.user != 0 {
		attrs = append(attrs, slog.Int64("user", int64(e.user)))
	}
	if e.err != nil {
		attrs = append(attrs, slog.String("err", e.err.Error()))
	}
	level := slog.LevelInfo
	if sw.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	c.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// statusWriter records the status and size of the response.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

func (w *statusWriter) WriteHeader(status int) {
	w.status, w.wrote = status, true
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	w.wrote = true
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController access to the wrapped writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
