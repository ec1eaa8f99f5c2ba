// Package httpapi implements the HTTP API: each operation decodes a request, calls one rule of
// package control and encodes the response. It contains no business rules.
package httpapi

import (
	"net/http"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/docspage"
	"github.com/simferry/simferry/internal/httpx"
)

// api implements the operations on top of the rules.
type api struct {
	*httpx.Server
	control *control.Control

	authorized func(*http.Request) // called by authorize; nil outside tests
}

// New returns the handler of the whole API, with the OpenAPI document and its page.
func New(c *control.Control, o httpx.Options) http.Handler {
	a := &api{Server: httpx.New(o), control: c}
	return a.handler(operations)
}

func (a *api) handler(table []operation) http.Handler {
	routes := httpx.NewRouter("/api")
	for _, op := range table {
		routes.Handle(op.pattern, a.serve(op))
	}
	page := docspage.Handler()
	routes.Handle("GET /docs", page)
	routes.Handle("GET /docs/{file}", page)
	return a.Wrap(crossOrigin(a.WithoutPrefix(routes)))
}
