package contract

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// match is the operation of a request and the values of its path parameters. The
// operation is nil for a route that the document does not have.
type match struct {
	operation *Operation
	request   *http.Request // as the mux saw it, with its path values
}

type matchKey struct{}

// route asks a ServeMux built from the document. The server routes with one too, so the
// two agree on which of two patterns is the more specific, and on HEAD.
func (d *document) route(req *http.Request) match {
	var m match
	// The body stays with the caller: routing looks at method, host and path only.
	r := req.Clone(context.WithValue(req.Context(), matchKey{}, &m))
	r.Body = http.NoBody
	if raw := tidy(r.URL.EscapedPath()); raw != r.URL.EscapedPath() {
		if path, err := url.PathUnescape(raw); err == nil {
			r.URL.Path, r.URL.RawPath = path, raw
		}
	}
	r.RequestURI = r.URL.RequestURI()
	if d.fixedElsewhere(r) {
		return match{}
	}
	d.mux.ServeHTTP(discard{}, r)
	return m
}

// baseSlashes are the slashes before "api", and around the version.
var baseSlashes = regexp.MustCompile(`^/+(?:(api|operator)/+(v[0-9]+)/+)?`)

// tidy returns a path as the server reads it: slashes repeated before "api" and around the version
// count as one, and one at its end does not count.
func tidy(path string) string {
	if m := baseSlashes.FindStringSubmatch(path); m != nil {
		rest := path[len(m[0]):]
		if path = "/" + rest; m[1] != "" {
			path = "/" + m[1] + "/" + m[2] + "/" + rest
		}
	}
	if len(path) > 1 && !strings.HasSuffix(path, "//") {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

// fixedElsewhere reports whether the document has the path word by word, but not with this
// method. It is then not taken for the parameter of a template.
func (d *document) fixedElsewhere(r *http.Request) bool {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	there := false
	for _, o := range d.operations {
		if o.Path != r.URL.Path || strings.Contains(o.Path, "{") {
			continue
		}
		if o.Method == method {
			return false
		}
		there = true
	}
	return there
}

// capture returns the handler of an operation in that mux: it only says that it was reached.
func capture(o *Operation) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if m, ok := r.Context().Value(matchKey{}).(*match); ok {
			*m = match{operation: o, request: r}
		}
	})
}

// discard takes the 404 or 405 that the mux writes if no operation matches.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
