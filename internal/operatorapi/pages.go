package operatorapi

import (
	"bytes"
	"net/http"
)

// serve runs the handler of a page and returns its response.
func (p Page) serve(_ *api, r *request) (response, error) {
	w := pageWriter{header: make(http.Header), status: http.StatusOK}
	p.Handler.ServeHTTP(&w, r.Request.Request)
	res := response{Status: w.status, ContentType: w.header.Get("Content-Type"), Body: w.body.Bytes()}
	if name := w.header.Get("Content-Disposition"); name != "" {
		res.Set("Content-Disposition", name)
	}
	return res, nil
}

// pageWriter keeps the response of a page.
type pageWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *pageWriter) Header() http.Header         { return w.header }
func (w *pageWriter) WriteHeader(status int)      { w.status = status }
func (w *pageWriter) Write(b []byte) (int, error) { return w.body.Write(b) }
