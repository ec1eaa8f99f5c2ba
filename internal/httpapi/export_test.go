package httpapi

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// Route is a row of the table of operations, and what is served beside it, as tests see it.
type Route struct {
	Pattern string
	Need    identity.Permission
}

// Routes is everything that the server answers.
func Routes() []Route {
	routes := []Route{{"GET /docs", identity.Public}, {"GET /docs/{file}", identity.Public}}
	for _, op := range operations {
		routes = append(routes, Route{op.pattern, op.need})
	}
	return routes
}

// Wrap puts the middleware around any handler.
func Wrap(log *slog.Logger, next http.Handler) http.Handler {
	return (&api{log: log}).wrap(crossOrigin(next))
}

// NewHeld is New, except that each operation waits in hold once its caller has been admitted.
func NewHeld(c *control.Control, o Options, hold func(*http.Request)) http.Handler {
	held := slices.Clone(operations)
	for i, op := range held {
		held[i].handle = func(a *api, r *request) (response, error) {
			hold(r.Request)
			return op.handle(a, r)
		}
	}
	return newHandler(c, o, held)
}

// OperatorRoutes are the patterns that the operator API answers, and whether a token is needed.
func OperatorRoutes() map[string]bool {
	routes := make(map[string]bool)
	for _, op := range operatorOperations {
		routes[op.pattern] = !op.open
	}
	return routes
}

// Fail answers with an error, as an operation does whose rule returned it.
func Fail(w http.ResponseWriter, err error) { write(w, failure(err)) }

// Audited is the table of what the audit log calls each operation that writes.
func Audited() map[string]fleet.AuditAction { return maps.Clone(audited) }
