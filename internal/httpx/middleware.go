package httpx

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzhttp"

	"github.com/simferry/simferry/internal/limit"
)

// Wrap adds the middleware common to all operations: the log line, headers, and compression.
func (s *Server) Wrap(next http.Handler) http.Handler {
	packed, err := gzhttp.NewWrapper(gzhttp.MinSize(4096), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // the options are constants
	}
	return s.logged(secured(packed(next)))
}

// entry collects the fields of a request's log line.
type entry struct {
	id    string
	attrs []slog.Attr
	err   error
}

type entryKey struct{}

// logged writes one line per request and turns a panic into a 500.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &entry{id: uuid.NewString()}
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		sw.Header().Set("X-Request-Id", e.id)
		defer func() {
			if p := recover(); p != nil {
				e.err = fmt.Errorf(limit.LogPanic+"%v\n%s", p, debug.Stack())
				if !sw.wrote {
					writeResponse(sw, Failure(e.err))
				}
			}
			s.line(r, sw, e, time.Since(start))
		}()
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), entryKey{}, e)))
	})
}

// hungUp is the logged status of a request whose client has disconnected; it is never sent.
const hungUp = 499

func (s *Server) line(r *http.Request, sw *statusWriter, e *entry, took time.Duration) {
	level := slog.LevelInfo
	if sw.status >= http.StatusInternalServerError && errors.Is(e.err, context.Canceled) && r.Context().Err() != nil {
		sw.status = hungUp // the work was cancelled because the client left: not a server error
	}
	attrs := []slog.Attr{
		slog.String("id", e.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", sw.status), slog.Int64("bytes", sw.bytes), slog.Duration("took", took),
		slog.String("from", s.clientAddr(r).String()),
	}
	attrs = append(attrs, e.attrs...)
	if e.err != nil {
		attrs = append(attrs, slog.String("err", e.err.Error()))
	}
	if sw.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// logEntry returns the log entry of the request; one that is not logged without the middleware.
func (r *Request) logEntry() *entry {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		return e
	}
	return new(entry)
}

// LogCaller adds to the log line who sent the request.
func (r *Request) LogCaller(attrs ...slog.Attr) { r.logEntry().attrs = attrs }

// LogError adds the reason of a refusal to the log line.
func (r *Request) LogError(err error) { r.logEntry().err = err }

// RequestID returns the id that the response and the log line have.
func (r *Request) RequestID() string { return r.logEntry().id }

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
