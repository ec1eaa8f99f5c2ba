package httplog_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httplog"
)

// A line has what happened: the status that was sent, 499 if the client had left, and a panic as
// an error.
func TestLines(t *testing.T) {
	t.Parallel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for name, c := range map[string]struct {
		ctx    context.Context
		handle http.HandlerFunc
		want   []string
		status int
	}{
		"served": {t.Context(), func(w http.ResponseWriter, r *http.Request) {
			httplog.Of(r.Context()).Attrs = []slog.Attr{slog.Int("user", 7)}
			_, _ = w.Write([]byte("four"))
		}, []string{"level=INFO", "status=200", "bytes=4", "user=7", "from=192.0.2.1"}, 200},
		"failed": {t.Context(), func(w http.ResponseWriter, r *http.Request) {
			httplog.Of(r.Context()).Err = errors.New("no disk")
			w.WriteHeader(http.StatusInternalServerError)
		}, []string{"level=ERROR", "status=500", `err="no disk"`}, 500},
		"hung up": {gone, func(w http.ResponseWriter, r *http.Request) {
			httplog.Of(r.Context()).Err = context.Canceled
			w.WriteHeader(http.StatusInternalServerError)
		}, []string{"level=INFO", "status=499"}, 500},
		"panicked": {t.Context(), func(http.ResponseWriter, *http.Request) { panic("broken") },
			[]string{"level=ERROR", "status=503", "broken"}, 503},
		"panicked late": {t.Context(), func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			panic("broken")
		}, []string{"status=202", "broken"}, 202},
	} {
		var log bytes.Buffer
		l := httplog.Logger{Log: slog.New(slog.NewTextHandler(&log, nil)), Panicked: func(w http.ResponseWriter, _ *httplog.Entry) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}}
		r := httptest.NewRequestWithContext(c.ctx, http.MethodGet, "/", http.NoBody)
		w := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }() // the late panic aborts the connection
			l.Wrap(c.handle).ServeHTTP(w, r)
		}()
		if w.Code != c.status || !strings.Contains(log.String(), "id="+w.Header().Get("X-Request-Id")) {
			t.Errorf("%s: status %d: %s", name, w.Code, log.String())
		}
		for _, word := range c.want {
			if strings.Count(log.String(), word) == 0 {
				t.Errorf("%s: the line has no %s: %s", name, word, log.String())
			}
		}
	}
}

// A panic after the response has begun, and an abort, end the connection: a client that gets a part
// does not take it for the whole.
func TestPartialResponsesAreAborted(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"broken": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			panic("broken")
		},
		"aborted": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("half"))
			httplog.Of(r.Context()).Err = errors.New("no disk")
			panic(http.ErrAbortHandler)
		},
	} {
		var log bytes.Buffer
		l := httplog.Logger{Log: slog.New(slog.NewTextHandler(&log, nil))}
		server := httptest.NewUnstartedServer(l.Wrap(handle))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
		server.Start()
		resp, err := server.Client().Get(server.URL) //nolint:noctx // it ends with the server
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		server.Close()
		if err == nil || !strings.Contains(log.String(), "err=") {
			t.Errorf("%s: %v, %s", name, err, log.String())
		}
	}
}
