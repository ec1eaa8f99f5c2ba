package httpapi

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

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/limit"
)

// wrap adds the middleware common to all operations.
func (a *api) wrap(next http.Handler) http.Handler {
	packed, err := gzhttp.NewWrapper(gzhttp.MinSize(4096), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // the options are constants
	}
	return a.logged(secured(packed(next)))
}

// entry collects the fields of a request's log line.
type entry struct {
	id   string
	user fleet.UserID
	app  fleet.TokenID
	oper string // name of the operator token
	err  error
}

type entryKey struct{}

// logged writes one line per request and turns a panic into a 500.
func (a *api) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &entry{id: uuid.NewString()}
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		sw.Header().Set("X-Request-Id", e.id)
		defer func() {
			if p := recover(); p != nil {
				e.err = fmt.Errorf(limit.LogPanic+"%v\n%s", p, debug.Stack())
				if !sw.wrote {
					writeResponse(sw, failure(e.err))
				}
			}
			a.line(r, sw, e, time.Since(start))
		}()
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), entryKey{}, e)))
	})
}

// hungUp is the logged status of a request whose client has disconnected; it is never sent.
const hungUp = 499

func (a *api) line(r *http.Request, sw *statusWriter, e *entry, took time.Duration) {
	level := slog.LevelInfo
	if sw.status >= http.StatusInternalServerError && errors.Is(e.err, context.Canceled) && r.Context().Err() != nil {
		sw.status = hungUp // the work was cancelled because the client left: not a server error
	}
	attrs := []slog.Attr{
		slog.String("id", e.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", sw.status), slog.Int64("bytes", sw.bytes), slog.Duration("took", took),
		slog.String("from", a.clientAddr(r).String()),
	}
	if e.user != 0 {
		attrs = append(attrs, slog.Int64("user", int64(e.user)))
	}
	if e.app != 0 {
		attrs = append(attrs, slog.Int64("application_token", int64(e.app)))
	}
	if e.oper != "" {
		attrs = append(attrs, slog.String("operator_token", e.oper))
	}
	if e.err != nil {
		attrs = append(attrs, slog.String("err", e.err.Error()))
	}
	if sw.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	a.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// noteCaller adds the caller to the log line.
func noteCaller(r *http.Request, who identity.Principal) {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		e.user, e.app = who.User, who.Token
	}
}

// noteOperator adds the name of the operator token to the log line.
func noteOperator(r *http.Request, token string) {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		e.oper = token
	}
}

// remember adds the reason of a refusal to the log line.
func remember(r *http.Request, err error) {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		e.err = err
	}
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
