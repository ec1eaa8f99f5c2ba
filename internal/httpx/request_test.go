package httpx_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpx"
)

func TestIdempotencyKey(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		key    string
		valid  bool
	}{
		"none":           {nil, "", true},
		"bare":           {[]string{"a-1"}, "a-1", true},
		"quoted":         {[]string{`"a-1"`}, "a-1", true},
		"spaces around":  {[]string{"  a-1 "}, "a-1", true},
		"space inside":   {[]string{"a 1"}, "a 1", true},
		"longest":        {[]string{strings.Repeat("k", 255)}, strings.Repeat("k", 255), true},
		"too long":       {[]string{strings.Repeat("k", 256)}, "", false},
		"empty":          {[]string{""}, "", false},
		"empty, quoted":  {[]string{`""`}, "", false},
		"twice":          {[]string{"a", "a"}, "", false},
		"not ASCII":      {[]string{"é"}, "", false},
		"control":        {[]string{"a\x01"}, "", false},
		"a single quote": {[]string{`"`}, `"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest(t, "POST", "", "{}")
			for _, value := range test.header {
				r.Header.Add("Idempotency-Key", value)
			}
			serve(t, httpx.Options{}, r, func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
				key, fingerprint, err := r.IdempotencyKey(map[string]any{"id": 250})
				if key != test.key || (err == nil) != test.valid || (len(fingerprint) > 0) != (key != "") {
					t.Errorf("%q %x %v", key, fingerprint, err)
				}
				_, other, err := r.IdempotencyKey(map[string]any{"id": 251})
				if key != "" && (err != nil || bytes.Equal(fingerprint, other)) {
					t.Errorf("two requests have the fingerprint %x (%v)", other, err)
				}
				return httpx.Response{Status: http.StatusNoContent}, nil
			})
		})
	}
}

func TestRequestHeaders(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer  abc ": "abc", "BEARER abc": "abc", "Basic abc": "", "abc": "", "": "", "Bearer": "",
	} {
		serve(t, httpx.Options{}, newRequest(t, "GET", "", "", "Authorization", header), func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
			if got := r.Bearer(); got != want {
				t.Errorf("Authorization %q: bearer %q, want %q", header, got, want)
			}
			return httpx.Response{Status: http.StatusNoContent}, nil
		})
	}
}

func TestPathID(t *testing.T) {
	for text, want := range map[string]int64{"250": 250, "250.0": 250, "-1": -1, "250.5": 0, "x": 0, "1e3": 0, "9223372036854775808": 0} {
		r := newRequest(t, "GET", "", "")
		r.URL.Path = "/api/v1/thing/" + text
		serve(t, httpx.Options{}, r, func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
			got, err := r.PathID("thing_id")
			if got != want || want == 0 && refused(err) != "thing_id: it must be a whole number" {
				t.Errorf("%s: %d, %v", text, got, err)
			}
			return httpx.Response{Status: http.StatusNoContent}, nil
		})
	}
}

func TestBodyFields(t *testing.T) {
	if _, err := httpx.RequiredText("name", nil); refused(err) != "name: it is required" {
		t.Errorf("a text that is missing: %v", err)
	}
	if _, err := httpx.RequiredID("sim", wire.Optional[wire.IDRef]{}); refused(err) != `sim: it is required, as in {"id": 100}` {
		t.Errorf("a reference that is missing: %v", err)
	}
	if _, err := httpx.RequiredID("sim", wire.Some(wire.IDRef{})); refused(err) != "sim.id: it is required" {
		t.Errorf("an id that is missing: %v", err)
	}
	if id, err := httpx.RequiredID("sim", wire.Some(wire.RefTo(250))); id != 250 || err != nil {
		t.Errorf("%d, %v", id, err)
	}
	if httpx.Given(wire.Null[wire.IDRef]()) || !httpx.Given(wire.Some(wire.RefTo(1))) || httpx.Text(nil) != "" {
		t.Error("null counts as given, or a missing text has a value")
	}
}

func TestRouter(t *testing.T) {
	router := httpx.NewRouter("/api")
	for _, pattern := range []string{"GET /api/v1/sim", "POST /api/v1/sim", "GET /api/v1/sim/{sim_id}", "PATCH /api/v1/sim/{id}", "DELETE /api/v1/sim/status"} {
		router.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Pattern) }))
	}
	for request, want := range map[string]struct {
		status      int
		allow, body string
	}{
		"GET /api/v1/sim":           {200, "", "GET /api/v1/sim"},
		"HEAD /api/v1/sim":          {200, "", "GET /api/v1/sim"},
		"GET /api/v1/sim/":          {200, "", "GET /api/v1/sim"},
		"GET //api//v1//sim":        {200, "", "GET /api/v1/sim"},
		"GET /api/v1/sim/1":         {200, "", "GET /api/v1/sim/{sim_id}"},
		"PUT /api/v1/sim":           {405, "GET, POST", refusal("1000", "BadRequest", "PUT is not allowed here")},
		"DELETE /api/v1/sim/1":      {405, "GET, PATCH", refusal("1000", "BadRequest", "DELETE is not allowed here")},
		"GET /api/v1/sim/status":    {405, "DELETE", refusal("1000", "BadRequest", "GET is not allowed here")},
		"GET /api/v1/card":          {404, "", refusal("1201", "NotFound", "This operation does not exist")},
		"GET /api/v1/sim//":         {404, "", refusal("1201", "NotFound", "There is no such operation")},
		"GET /api/v1/../v1/sim":     {404, "", refusal("1201", "NotFound", "There is no such operation")},
		"POST /api/v1/sim/1%2Fx":    {405, "GET, PATCH", refusal("1000", "BadRequest", "POST is not allowed here")},
		"GET /api/v1/sim/%73tatus":  {405, "DELETE", refusal("1000", "BadRequest", "GET is not allowed here")},
		"OPTIONS /api/v1/sim":       {405, "GET, POST", refusal("1000", "BadRequest", "OPTIONS is not allowed here")},
		"GET /":                     {404, "", refusal("1201", "NotFound", "This operation does not exist")},
		"GET /api/v1/sim/1/unknown": {404, "", refusal("1201", "NotFound", "This operation does not exist")},
	} {
		t.Run(request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			recorder := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
			if err := setPath(r, path); err != nil {
				t.Fatal(err)
			}
			router.ServeHTTP(recorder, r)
			if got := recorder.Header().Get("Allow"); got != want.allow {
				t.Errorf("Allow: %q, want %q", got, want.allow)
			}
			wantResponse(t, recorder, want.status, want.body)
		})
	}
}

// setPath sets the path of a request as it was sent.
func setPath(r *http.Request, escaped string) error {
	u, err := url.Parse("http://example.com" + escaped)
	if err == nil {
		r.URL = u
	}
	return err
}

// A response is JSON, whatever the client accepts, and compressed if it is large and the client
// accepts gzip.
func TestResponses(t *testing.T) {
	large := strings.Repeat("x", 100<<10)
	for _, test := range []struct {
		accept, encoding, text string
		packed                 bool
	}{
		{"", "", "x", false}, {"text/html", "", "x", false}, {"application/xml;q=1", "gzip", "x", false},
		{"application/json", "gzip", large, true}, {"", "gzip;q=0.5, br", large, true},
		{"", "gzip;q=0", large, false}, {"", "br", large, false}, {"", "", large, false},
	} {
		r := newRequest(t, "GET", "", "", "Accept", test.accept, "Accept-Encoding", test.encoding)
		res := serve(t, httpx.Options{}, r, func(*httpx.Server, *httpx.Request) (httpx.Response, error) { return httpx.OK(test.text) })
		if got := res.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("Accept %q: Content-Type %q", test.accept, got)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got := res.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if got := res.Header().Get("Content-Encoding") == "gzip"; got != test.packed {
			t.Errorf("Accept-Encoding %q: compressed %v, want %v", test.encoding, got, test.packed)
		}
		if test.packed {
			plain, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(plain)
			if err != nil {
				t.Fatal(err)
			}
			res.Body = bytes.NewBuffer(text)
		}
		wantResponse(t, res, http.StatusOK, `"`+test.text+`"`)
	}
}

func TestNoContent(t *testing.T) {
	handler := httpx.Write(func(*httpx.Request) (int64, error) { return 1, nil }, func(struct{}, *httpx.Request, int64) error { return nil })
	res := serve(t, httpx.Options{}, newRequest(t, "DELETE", "", ""), func(_ *httpx.Server, r *httpx.Request) (httpx.Response, error) {
		return handler(struct{}{}, r)
	})
	if res.Header().Get("Content-Type") != "" || res.Header().Get("Content-Length") != "" {
		t.Errorf("%v", res.Header())
	}
	wantResponse(t, res, http.StatusNoContent, "")
}

// The slots of a caller do not keep others out, and a request gives its slot back.
func TestAdmission(t *testing.T) {
	s := httpx.New(httpx.Options{Limits: httpx.Limits{PerCaller: 1}})
	admitted := func(caller string, more func()) (err error) {
		s.Operation(0, func(r *httpx.Request) httpx.Response {
			if err = s.Admit(r, caller, "workspace 100", false); err == nil {
				more()
			}
			return httpx.Response{Status: http.StatusNoContent}
		}).ServeHTTP(httptest.NewRecorder(), newRequest(t, "GET", "", ""))
		return err
	}
	if err := admitted("user 1", func() {
		if err := admitted("user 2", func() {}); err != nil {
			t.Errorf("another caller: %v", err)
		}
	}); err != nil {
		t.Errorf("the first request: %v", err)
	}
	if err := admitted("user 1", func() {}); err != nil {
		t.Errorf("after it: %v", err)
	}
}
