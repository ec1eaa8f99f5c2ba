package server

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/config"
)

// redirect returns the handler of the listener that redirects browsers from HTTP to HTTPS. Requests
// to the API are refused: a program that was redirected would go on sending its token or password
// unencrypted.
func (s *Server) redirect(cfg config.Config) http.Handler {
	base := ""
	if u, err := url.Parse(cfg.PublicURL); err == nil && u.Scheme == "https" {
		base = "https://" + u.Host
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := base
		if to == "" {
			to = "https://" + s.tlsHost(r.Host)
		}
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !safe || forAPI(r.URL.EscapedPath(), cfg.PublicURL) {
			http.Error(w, "Requests to this server need HTTPS: use "+to+". What this request contained was sent unencrypted.", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusPermanentRedirect) //nolint:gosec // to the host of the request
	})
}

// tlsHost returns the host of a request with the port of the TLS listener.
func (s *Server) tlsHost(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if a, ok := s.public.listener.Addr().(*net.TCPAddr); ok && a.Port != 443 {
		return net.JoinHostPort(host, strconv.Itoa(a.Port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
