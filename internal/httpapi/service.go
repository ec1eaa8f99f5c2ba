package httpapi

import (
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"

	wire "github.com/simferry/simferry/api"
)

func (a *api) health(*request) (response, error) { return ok(wire.Health{Status: "ok"}) }

// ready returns 503 when requests would fail. It is public, so the reason is only in the log
// and in the operator's response.
func (a *api) ready(r *request) (response, error) {
	err := a.control.Ready(r.Context())
	if err == nil {
		return ok(wire.Health{Status: "ok"})
	}
	return unready(r, err, wire.Health{Status: "unavailable"})
}

// ready does the same for the operator, and adds the reason and the sizes to watch.
func (a *operatorAPI) ready(r *operatorRequest) (response, error) {
	err := a.operator.Ready(r.Context())
	wal, ahead := a.operator.Vitals()
	health := wire.OperatorHealth{Status: "ok", WALBytes: wal, ClockAheadMS: ahead.Milliseconds()}
	if err == nil {
		return ok(health)
	}
	health.Status, health.Reason = "unavailable", err.Error()
	return unready(&r.request, err, health)
}

func unready(r *request, err error, health any) (response, error) {
	remember(r.Request, err)
	res := encoded(http.StatusServiceUnavailable, health)
	res.set("Retry-After", "1")
	return res, nil
}

func (a *api) openAPI(*request) (response, error) {
	return response{status: http.StatusOK, kind: "application/yaml", body: a.public.document(wire.OpenAPI)}, nil
}

// openAPIJSON serves the same document as JSON, which some generators need.
func (a *api) openAPIJSON(*request) (response, error) {
	text, err := documentJSON()
	return response{status: http.StatusOK, kind: "application/json", body: a.public.document(text)}, err
}

var documentJSON = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(wire.OpenAPI) })

func (a *api) jwks(r *request) (response, error) {
	set, err := a.control.JWKS(r.Context())
	return response{status: http.StatusOK, body: set}, err
}
