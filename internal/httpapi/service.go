package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
)

func (a *api) health(*request) (response, error) { return ok(wire.Health{Status: "ok"}) }

// ready answers 503 where requests would fail; the log has the particulars.
func (a *api) ready(r *request) (response, error) {
	if err := a.control.Ready(r.Context()); err != nil {
		remember(r.Request, err)
		res := encoded(http.StatusServiceUnavailable, wire.Health{Status: "unavailable", Reason: err.Error()})
		res.set("Retry-After", "1")
		return res, nil
	}
	return ok(wire.Health{Status: "ok"})
}

func (a *api) openAPI(*request) (response, error) {
	return response{status: http.StatusOK, kind: "application/yaml", body: wire.OpenAPI}, nil
}

func (a *api) jwks(r *request) (response, error) {
	set, err := a.control.JWKS(r.Context())
	return response{status: http.StatusOK, body: set}, err
}
