package httpapi

import (
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpx"
)

func (a *api) health(*request) (response, error) { return httpx.OK(wire.Health{Status: "ok"}) }

// ready returns 503 when requests would fail. It is public, so the reason is only in the log
// and in the operator's response.
func (a *api) ready(r *request) (response, error) {
	err := a.control.Ready(r.Context())
	if err == nil {
		return httpx.OK(wire.Health{Status: "ok"})
	}
	return httpx.Unready(r.Request, err, wire.Health{Status: "unavailable"}), nil
}

func (a *api) openAPI(*request) (response, error) {
	return response{Status: http.StatusOK, ContentType: "application/yaml", Body: a.Document(wire.OpenAPI)}, nil
}

// openAPIJSON serves the same document as JSON, which some generators need.
func (a *api) openAPIJSON(*request) (response, error) {
	text, err := documentJSON()
	return response{Status: http.StatusOK, ContentType: "application/json", Body: a.Document(text)}, err
}

var documentJSON = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(wire.OpenAPI) })

func (a *api) jwks(r *request) (response, error) {
	set, err := a.control.JWKS(r.Context())
	return response{Status: http.StatusOK, Body: set}, err
}
