package contracttest

import (
	"context"
	"net/http"
)

// match is where a request leads: the operation and what its path parameters are. The
// operation is nil for a route that the document does not have.
type match struct {
	operation *Operation
	request   *http.Request // as the mux saw it: it answers PathValue
}

type matchKey struct{}

// route asks a ServeMux built from the document. The server routes with one too, so the
// two agree on which of two patterns is the more specific, and on HEAD.
func (d *document) route(req *http.Request) match {
	var m match
	// The body stays with the caller: routing looks at method, host and path only.
	r := req.Clone(context.WithValue(req.Context(), matchKey{}, &m))
	r.Body = http.NoBody
	r.RequestURI = req.URL.RequestURI()
	d.mux.ServeHTTP(discard{}, r)
	return m
}

// capture is the handler of an operation in that mux: it only says that it was reached.
func capture(o *Operation) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if m, ok := r.Context().Value(matchKey{}).(*match); ok {
			*m = match{operation: o, request: r}
		}
	})
}

// discard takes the 404 or 405 that the mux writes where no operation matches.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
