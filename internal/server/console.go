package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/limit"
)

// apiPaths are the first segments of the paths that belong to the API. All others belong to the
// console.
var apiPaths = map[string]bool{
	"api": true, "docs": true, "healthz": true, "readyz": true, "openapi.yaml": true, "openapi.json": true, ".well-known": true,
	"operator": true,
}

// terminalPage returns the page of the console on which users approve terminals, "" if there is no
// console.
func terminalPage(cfg config.Config) string {
	if !cfg.Console {
		return ""
	}
	return strings.TrimRight(cfg.PublicURL, "/") + console.TerminalPath
}

// withConsole serves the console beside the API, unless a setting turns it off.
func (s *Server) withConsole(api http.Handler, cfg config.Config, gates *limit.Gates) http.Handler {
	if !cfg.Console {
		return api
	}
	pages := console.New(s.Control, console.Options{
		Log: s.log, TrustedProxies: cfg.TrustedProxies, RequestTimeout: cfg.RequestTimeout, PublicURL: cfg.PublicURL,
		Gates: gates, Version: cfg.Version, Mail: cfg.SMTPURL != "", Observer: s.metrics.Requests,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forAPI(r.URL.EscapedPath(), cfg.PublicURL) {
			api.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// forAPI reports whether a path belongs to the API. It may begin with the path of the public URL.
func forAPI(path, public string) bool {
	base := ""
	if u, err := url.Parse(strings.TrimRight(public, "/")); err == nil {
		base = u.EscapedPath()
	}
	if rest, inside := strings.CutPrefix(path, base); inside && (rest == "" || rest[0] == '/') {
		path = rest
	}
	first, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return apiPaths[first]
}
