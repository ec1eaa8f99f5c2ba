// Package httplog writes one line per HTTP request, for the APIs and the console alike.
package httplog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/netaddr"
)

// Entry collects what a handler adds to the line of its request.
type Entry struct {
	ID    string // that the response and the line have; "" without a Logger
	Attrs []slog.Attr
	Err   error // why the request was refused or failed; nil for none

	Route   string // pattern of the operation, "" if none matched
	Refusal int    // error code of the response, 0 for none; it replaces that of Err
}

// Observer measures requests.
type Observer interface {
	// Ended is called for each request, when its response has been written. route is the pattern of
	// its operation, "" if none matched; refusal is the error code of its response, 0 for none.
	Ended(route, method string, status, refusal int, took time.Duration)
}

type entryKey struct{}

// Of returns the entry of a request's context; one that is not logged without a Logger.
func Of(ctx context.Context) *Entry {
	if e, ok := ctx.Value(entryKey{}).(*Entry); ok {
		return e
	}
	return new(Entry)
}

// Logger logs requests.
type Logger struct {
	Log            *slog.Logger
	TrustedProxies []netip.Prefix // proxies whose X-Forwarded-For is used
	Observer       Observer       // measures requests; nil for none
	// Panicked writes the response to a request whose handler panicked before it wrote anything.
	Panicked func(w http.ResponseWriter, e *Entry)
}

// Wrap writes one line per request, sets X-Request-Id, and turns a panic into a response. If the
// response has begun, or the handler panics with http.ErrAbortHandler, it aborts the connection:
// the client must not take a part for the whole.
func (l Logger) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &Entry{ID: uuid.NewString()}
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		sw.Header().Set("X-Request-Id", e.ID)
		defer func() {
			p := recover()
			abort := p != nil && (sw.wrote || p == any(http.ErrAbortHandler))
			if p != nil && p != any(http.ErrAbortHandler) {
				e.Err = fmt.Errorf(limit.LogPanic+"%v\n%s", p, debug.Stack())
			}
			if p != nil && !abort {
				l.Panicked(sw, e)
			}
			took := time.Since(start)
			l.line(r, sw, e, took)
			l.observe(r, sw, e, took)
			if abort {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), entryKey{}, e)))
	})
}

// hungUp is the logged status of a request whose client has disconnected; it is never sent.
const hungUp = 499

func (l Logger) line(r *http.Request, sw *statusWriter, e *Entry, took time.Duration) {
	level := slog.LevelInfo
	if sw.status >= http.StatusInternalServerError && errors.Is(e.Err, context.Canceled) && r.Context().Err() != nil {
		sw.status = hungUp // the work was cancelled because the client left: not a server error
	}
	attrs := []slog.Attr{
		slog.String("id", e.ID), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", sw.status), slog.Int64("bytes", sw.bytes), slog.Duration("took", took),
		slog.String("from", netaddr.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), l.TrustedProxies).String()),
	}
	if trace, parent, ok := traceParent(r.Header); ok {
		attrs = append(attrs, slog.String("trace_id", trace), slog.String("parent_id", parent))
	}
	attrs = append(attrs, e.Attrs...)
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", e.Err.Error()))
	}
	if sw.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	l.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

func (l Logger) observe(r *http.Request, sw *statusWriter, e *Entry, took time.Duration) {
	if l.Observer == nil {
		return
	}
	refusal := e.Refusal
	if refusal == 0 {
		refusal = int(fleet.CodeOf(e.Err))
	}
	l.Observer.Ended(e.Route, r.Method, sw.status, refusal, took)
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

// Flush sends what is buffered. The compressing writer calls it.
func (w *statusWriter) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // some test writers do not support it
}

// Unwrap gives http.ResponseController access to the wrapped writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
