package httpx

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httplog"
)

// Router serves the operations, and refuses requests for unknown ones with an error of the API.
type Router struct {
	base  string // begins the path of every operation, such as "/api"
	mux   *http.ServeMux
	paths []pathMethods
}

// pathMethods is the path of one or more patterns, with the methods that it allows.
type pathMethods struct {
	segments []string
	methods  []string
}

// NewRouter returns a router for operations whose paths begin with base, such as "/api".
func NewRouter(base string) *Router { return &Router{base: base, mux: http.NewServeMux()} }

// Handle adds a pattern such as "GET /api/v1/sim/{sim_id}".
func (rt *Router) Handle(pattern string, h http.Handler) {
	rt.mux.Handle(pattern, h)
	method, path, _ := strings.Cut(pattern, " ")
	segments := strings.Split(path, "/")
	for i := range rt.paths {
		if sameShape(rt.paths[i].segments, segments) {
			rt.paths[i].methods = append(rt.paths[i].methods, method)
			return
		}
	}
	rt.paths = append(rt.paths, pathMethods{segments, []string{method}})
}

// sameShape reports whether two paths differ only in the names of their parameters.
func sameShape(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool { return x == y || isParameter(x) && isParameter(y) })
}

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }

// ServeHTTP serves a request. A fixed path such as /api/v1/sim/status never matches the
// parameter of a template: an unsupported method is a 405.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = rt.tolerantPath(r)
	if redirected(r.URL.EscapedPath()) {
		writeResponse(w, Failure(fleet.Errorf(fleet.NotFound, "There is no such operation")))
		return
	}
	methods, found := rt.methodsOf(r.URL.EscapedPath())
	switch _, pattern := rt.mux.Handler(r); {
	case found && !allows(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		writeResponse(w, Failure(&fleet.Error{Code: methodNotAllowed, Message: r.Method + " is not allowed here"}))
	case pattern != "":
		httplog.Of(r.Context()).Route = pathOf(pattern)
		rt.mux.ServeHTTP(w, r)
	default:
		writeResponse(w, Failure(fleet.Errorf(fleet.NotFound, "This operation does not exist")))
	}
}

// pathOf returns a pattern without its method.
func pathOf(pattern string) string { return pattern[strings.IndexByte(pattern, ' ')+1:] }

// redirected reports whether the mux would redirect a path to a tidier one, as it does with ".."
// and with doubled slashes. Clients lose bodies and bearers on the way.
func redirected(p string) bool { return p != "/" && path.Clean("/"+p) != strings.TrimSuffix(p, "/") }

// allows reports whether a method is allowed; GET includes HEAD.
func allows(methods []string, method string) bool {
	return slices.Contains(methods, method) || method == http.MethodHead && slices.Contains(methods, http.MethodGet)
}

// methodsOf returns the methods of the most specific path that matches, in a fixed order.
func (rt *Router) methodsOf(escapedPath string) (methods []string, found bool) {
	segments := strings.Split(escapedPath, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	var best *pathMethods
	for i := range rt.paths {
		p := &rt.paths[i]
		if p.matches(segments) && (best == nil || p.moreSpecific(best)) {
			best = p
		}
	}
	if best == nil {
		return nil, false
	}
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if slices.Contains(best.methods, m) {
			methods = append(methods, m)
		}
	}
	return methods, true
}

func (p *pathMethods) matches(segments []string) bool {
	return slices.EqualFunc(p.segments, segments, func(pattern, segment string) bool {
		return pattern == segment || isParameter(pattern) && segment != ""
	})
}

// moreSpecific compares two paths that match the same request. The more specific one has a
// fixed segment at the first difference.
func (p *pathMethods) moreSpecific(than *pathMethods) bool {
	for i, segment := range p.segments {
		if a, b := isParameter(segment), isParameter(than.segments[i]); a != b {
			return b
		}
	}
	return false
}

// tolerantPath removes one trailing slash from the path, and the repeated slashes that come from
// joining a base address and a path: before the base, and around the version. Existing clients send
// them, and some would lose the body in a redirect. A doubled slash further on is an empty
// parameter and stays.
func (rt *Router) tolerantPath(r *http.Request) *http.Request {
	raw := r.URL.EscapedPath()
	tidy := tidyPath(rt.base, raw)
	if tidy == raw {
		return r
	}
	path, err := url.PathUnescape(tidy)
	if err != nil {
		return r // invalid escape; the mux refuses it
	}
	other := *r
	u := *r.URL
	u.Path, u.RawPath = path, tidy
	other.URL = &u
	return &other
}

func tidyPath(base, path string) string {
	path = joinSlashes(path)
	if rest, inside := strings.CutPrefix(path, base+"/"); inside {
		version, rest, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
		path = base + "/" + version
		if rest = strings.TrimLeft(rest, "/"); rest != "" {
			path += "/" + rest
		}
	}
	if len(path) > 1 && strings.HasSuffix(path, "/") && !strings.HasSuffix(path, "//") {
		path = path[:len(path)-1]
	}
	return path
}

// joinSlashes makes one slash of those at the beginning.
func joinSlashes(path string) string {
	for strings.HasPrefix(path, "//") {
		path = path[1:]
	}
	return path
}
