package httpapi

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
)

// Route describes a row of the table of operations, or another served path, for tests.
type Route struct {
	Pattern string
	Need    identity.Permission
}

// Routes returns everything that the server serves.
func Routes() []Route {
	routes := []Route{{"GET /docs", identity.Public}, {"GET /docs/{file}", identity.Public}}
	for _, op := range operations {
		routes = append(routes, Route{op.pattern, op.need})
	}
	return routes
}

// Wrap puts the middleware around any handler.
func Wrap(log *slog.Logger, next http.Handler) http.Handler {
	return httpx.New(httpx.Options{Log: log}).Wrap(crossOrigin(next))
}

// NewHeld is like New, but calls hold for each request before its rule, once its caller is
// authorized. A dry run reads its caller in its rule, so hold is called before that.
func NewHeld(c *control.Control, o httpx.Options, hold func(*http.Request)) http.Handler {
	a := &api{Server: httpx.New(o), control: c, authorized: hold}
	ops := slices.Clone(operations)
	for i, op := range ops {
		if op.need != identity.Public {
			continue
		}
		ops[i].handle = func(a *api, r *request) (response, error) {
			hold(r.Request.Request)
			return op.handle(a, r)
		}
	}
	return a.handler(ops)
}

// Fail responds like an operation whose rule returned the error.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	httpx.New(httpx.Options{}).Operation(0, func(*httpx.Request) response { return failure(err) }).ServeHTTP(w, r)
}

// Audited returns the audit actions of the writing operations.
func Audited() map[string]fleet.AuditAction {
	actions := make(map[string]fleet.AuditAction)
	for _, op := range operations {
		if op.audit != none {
			actions[op.pattern] = op.audit
		}
	}
	return actions
}
