package httpx_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// serve sends a request to one operation, through all middleware, and returns the response.
func serve(t *testing.T, o httpx.Options, r *http.Request, operation func(*httpx.Server, *httpx.Request) (httpx.Response, error)) *httptest.ResponseRecorder {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := httpx.New(o)
	router := httpx.NewRouter("/api")
	router.Handle(r.Method+" /api/v1/thing/{thing_id}", s.Operation(0, func(r *httpx.Request) httpx.Response {
		res, err := operation(s, r)
		if err != nil {
			return httpx.Failure(err)
		}
		return res
	}))
	recorder := httptest.NewRecorder()
	s.Wrap(s.WithoutPrefix(router)).ServeHTTP(recorder, r)
	return recorder
}

// newRequest returns a request of the operation that serve serves.
func newRequest(t *testing.T, method, query, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/thing/1"+query, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// wantResponse compares the status and the body of a response.
func wantResponse(t *testing.T, res *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	text := res.Body.String()
	if res.Code != status {
		t.Errorf("status %d, want %d: %.300s", res.Code, status, text)
	}
	if diff := cmp.Diff(body, text); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// refusal returns the body of a refused request.
func refusal(code, token, message string) string {
	return `{"error_code":` + code + `,"error_token":"` + token + `","message":"` + message + `"}`
}

// refused returns the message of a bad request, or "".
func refused(err error) string {
	var e *fleet.Error
	if !errors.As(err, &e) || e.Code != fleet.BadRequest {
		return ""
	}
	return e.Message
}
