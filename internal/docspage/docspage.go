// Package docspage serves the OpenAPI document as a page with an embedded Swagger UI. It loads
// nothing from other servers, so it works in a closed network and no third party sees its
// readers.
package docspage

import (
	"embed"
	"net/http"
)

// Version is the version of the embedded Swagger UI.
const Version = "5.35.0"

// policy lets the page load its own files and call its own server, and nothing else. There is
// no inline script and no inline style sheet; data: is for the icons of the style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page static
var content embed.FS

// file is one embedded file, found by the last part of its path.
type file struct{ path, contentType string }

var files = map[string]file{
	"docs.css":                         {"page/docs.css", "text/css; charset=utf-8"},
	"docs.js":                          {"page/docs.js", "text/javascript; charset=utf-8"},
	"swagger-ui.css":                   {"static/swagger-ui.css", "text/css; charset=utf-8"},
	"swagger-ui-bundle.js":             {"static/swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
	"swagger-ui-bundle.js.LICENSE.txt": {"static/swagger-ui-bundle.js.LICENSE.txt", "text/plain; charset=utf-8"},
	"LICENSE":                          {"static/LICENSE", "text/plain; charset=utf-8"},
	"NOTICE":                           {"static/NOTICE", "text/plain; charset=utf-8"},
}

// Handler serves the page at GET /docs and its files at GET /docs/{file}. The server must also
// serve the document, at /openapi.yaml. No permission is needed; an unknown file is a 404 in
// plain text.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /docs", func(w http.ResponseWriter, _ *http.Request) {
		send(w, file{"page/index.html", "text/html; charset=utf-8"})
	})
	mux.HandleFunc("GET /docs/{file}", func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.PathValue("file")]
		if !ok {
			http.Error(w, "File not found.", http.StatusNotFound)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		send(w, f)
	})
	return mux
}

func send(w http.ResponseWriter, f file) {
	body, err := content.ReadFile(f.path)
	if err != nil {
		http.Error(w, "The page is incomplete.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	// The client may have disconnected; that is not an error.
	_, _ = w.Write(body)
}
