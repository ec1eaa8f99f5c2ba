package demo

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// exchange is a request and its response, as sent.
type exchange struct {
	method, path string
	sent         http.Header
	body         []byte
	status       int
	got          http.Header
}

// recorder is a transport that records the last exchange, so that the demo can show what was
// really sent.
type recorder struct {
	next http.RoundTripper

	mu sync.Mutex
	ex exchange
}

func (r *recorder) last() exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ex
}

// RoundTrip sends a request and records it with its response.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := exchange{method: req.Method, path: req.URL.RequestURI(), sent: req.Header.Clone()}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		ex.body = body
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := r.next.RoundTrip(req)
	if err == nil {
		ex.status, ex.got = resp.StatusCode, resp.Header.Clone()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ex = ex
	return resp, err
}
