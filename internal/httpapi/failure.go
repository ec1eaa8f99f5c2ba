package httpapi

import (
	"errors"
	"net/http"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// failure turns an error into a response. A migration or an undo that cannot run, or that differs
// from its preview, has a body of its own.
func failure(err error) response {
	var stale *control.Stale
	var refusal *fleet.Conflicts
	switch {
	case errors.As(err, &stale):
		return httpx.JSON(http.StatusPreconditionFailed, staleBody(stale))
	case errors.As(err, &refusal):
		return httpx.JSON(http.StatusConflict, conflictBody(refusal))
	}
	return httpx.Failure(err)
}
