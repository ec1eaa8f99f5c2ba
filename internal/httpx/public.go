package httpx

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// publicURL is the URL at which clients reach the server, without a trailing slash; "" if it is
// not configured.
type publicURL string

func newPublicURL(text string) publicURL { return publicURL(strings.TrimRight(text, "/")) }

// path returns the path prefix of the public URL.
func (p publicURL) path() string {
	u, err := url.Parse(string(p))
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// WithoutPrefix serves requests with and without the path of the public URL, because some proxies
// pass it on.
func (s *Server) WithoutPrefix(next http.Handler) http.Handler {
	prefix := s.public.path()
	if prefix == "" {
		return next
	}
	with := http.StripPrefix(prefix, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.EscapedPath(), prefix+"/") {
			with.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// point makes the paths in Location and Link absolute.
func (p publicURL) point(r Response) {
	if p == "" {
		return
	}
	if at := r.header.Get("Location"); strings.HasPrefix(at, "/") {
		r.header.Set("Location", string(p)+at)
	}
	if links := r.header.Get("Link"); links != "" {
		r.header.Set("Link", strings.ReplaceAll(links, "</", "<"+string(p)+"/"))
	}
}

// Document inserts the public URL into the servers of an OpenAPI document.
func (s *Server) Document(text []byte) []byte {
	p := s.public
	if p == "" {
		return text
	}
	quoted := strconv.Quote(string(p))
	text = bytes.Replace(text, []byte("\n  - url: /\n"), []byte("\n  - url: "+quoted+"\n"), 1) // YAML
	return bytes.Replace(text, []byte(`"url": "/"`), []byte(`"url": `+quoted), 1)              // JSON
}
