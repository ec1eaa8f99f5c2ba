package contract

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
)

// Judge holds the exchanges of one test against the document. It is safe for concurrent
// use, but every exchange must end before its test does.
type Judge struct {
	t        testing.TB
	document *document
	seen     *tally
}

// New makes the judge of a test. A document that cannot be read fails the test at once.
func New(t testing.TB) *Judge {
	t.Helper()
	return judgeBy(t, theDocument)
}

// NewOperator makes the judge of a test of the operator API, by that one's document.
func NewOperator(t testing.TB) *Judge {
	t.Helper()
	return judgeBy(t, operatorDocument)
}

func judgeBy(t testing.TB, read func() (*document, error)) *Judge {
	t.Helper()
	d, err := read()
	if err != nil {
		t.Fatalf("contract: %v", err)
	}
	return &Judge{t: t, document: d, seen: newTally()}
}

// RoundTripper wraps a transport, so that each exchange through it is judged:
//
//   - a route that the document does not have must get 404 or 405 (or be redirected
//     to its clean path);
//   - the status must be documented for the operation;
//   - required headers must be present, and documented headers match their schema;
//   - the body must be of a documented type and match its schema, or be absent if none
//     is documented;
//   - a request that the document refuses must be refused with a 4xx. (503 may come first.)
//
// A violation is an Errorf of the test that names method, path, status and every reason. The
// exchange itself is not changed. A CORS preflight is not judged.
func (j *Judge) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		req, sent, err := readRequest(req)
		if err != nil {
			return nil, err
		}
		resp, err := next.RoundTrip(req)
		if err != nil {
			return resp, err
		}
		got, err := readResponse(resp)
		if err != nil {
			return nil, err
		}
		j.judge(req, sent, resp, got)
		return resp, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (j *Judge) judge(req *http.Request, sent []byte, resp *http.Response, got []byte) {
	j.t.Helper()
	if req.Method == http.MethodOptions {
		return
	}
	for _, reason := range j.violations(req, sent, resp, got) {
		j.t.Errorf("contract: %s %s was answered %d: %v", req.Method, req.URL.RequestURI(), resp.StatusCode, reason)
	}
}

func (j *Judge) violations(req *http.Request, sent []byte, resp *http.Response, got []byte) []error {
	m := j.document.route(req)
	if m.operation == nil {
		if noRoute(resp.StatusCode) {
			return nil
		}
		return []error{errors.New("the document has no such route, so it should be a 404 or 405")}
	}
	reasons := j.document.checkResponse(m.operation, req.Method, resp, got)
	refusal := j.document.checkRequest(m, sent)
	if refusal != nil && !refused(resp.StatusCode) {
		reasons = append(reasons, fmt.Errorf("the document refuses the request: %w", refusal))
	}
	j.count(m.operation, resp.StatusCode)
	return reasons
}

// noRoute reports whether a status fits a route that does not exist. A ServeMux redirects a
// path like //api to its clean form.
func noRoute(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// refused reports whether a status refuses the request. Without the database nothing can be
// said about a request, so 503 counts too.
func refused(status int) bool {
	return status >= 400 && status < 500 || status == http.StatusServiceUnavailable
}
