package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// methodNotAllowed does not come from a rule, so package fleet does not define it.
const methodNotAllowed fleet.Code = 4050

// failures maps each code to its HTTP status and its name on the wire.
var failures = map[fleet.Code]struct {
	status int
	code   int
	token  string
}{
	fleet.BadRequest:        {http.StatusBadRequest, 1000, "BadRequest"},
	fleet.Failed:            {http.StatusUnprocessableEntity, 1002, "Failed"},
	fleet.LockedOut:         {http.StatusUnauthorized, 1105, "TooManyRequests"},
	fleet.Forbidden:         {http.StatusForbidden, 1104, "Forbidden"},
	fleet.TooManyRequests:   {http.StatusTooManyRequests, 1105, "TooManyRequests"},
	fleet.NotFound:          {http.StatusNotFound, 1201, "NotFound"},
	fleet.BadQuery:          {http.StatusUnprocessableEntity, 1301, "InvalidQueryCriteria"},
	fleet.BadSort:           {http.StatusUnprocessableEntity, 1302, "InvalidSortCriteria"},
	fleet.ValidationFailed:  {http.StatusUnprocessableEntity, 1400, "InputValidationFailed"},
	fleet.InvalidReference:  {http.StatusNotFound, 1401, "InvalidReference"},
	fleet.Required:          {http.StatusUnprocessableEntity, 1402, "Required"},
	fleet.InvalidFormat:     {http.StatusUnprocessableEntity, 1403, "InvalidFormat"},
	fleet.OutOfRange:        {http.StatusUnprocessableEntity, 1404, "OutOfRange"},
	fleet.Duplicated:        {http.StatusConflict, 1405, "Duplicated"},
	fleet.NotAllowed:        {http.StatusForbidden, 1406, "NotAllowed"},
	fleet.InUse:             {http.StatusConflict, 1406, "NotAllowed"},
	fleet.TooLarge:          {http.StatusRequestEntityTooLarge, 1000, "BadRequest"},
	fleet.KeyReused:         {http.StatusUnprocessableEntity, 1406, "NotAllowed"},
	fleet.KeyBusy:           {http.StatusConflict, 1406, "NotAllowed"},
	fleet.PreconditionStale: {http.StatusPreconditionFailed, 4120, "PreconditionFailed"},
	fleet.Unavailable:       {http.StatusServiceUnavailable, 1000, "Unavailable"},
	methodNotAllowed:        {http.StatusMethodNotAllowed, 1000, "BadRequest"},
}

// failure turns an error into a response. Errors that are not meant for the caller become a 500
// with a fixed text; the log has the details.
func failure(err error) response {
	var stale *control.Stale
	var refusal *fleet.Conflicts
	var e *fleet.Error
	switch {
	case errors.As(err, &stale):
		return encoded(http.StatusPreconditionFailed, staleBody(stale))
	case errors.As(err, &refusal):
		return encoded(http.StatusConflict, conflictBody(refusal))
	case errors.As(err, &e):
		return known(e)
	case errors.Is(err, context.DeadlineExceeded):
		return known(fleet.Errorf(fleet.Unavailable, "The request took too long; try again"))
	}
	return encoded(http.StatusInternalServerError, wire.Error{
		ErrorCode: 1000, ErrorToken: "InternalError", Message: "Internal server error. Details are in the server log under this request ID.",
	})
}

func known(e *fleet.Error) response {
	var r response
	switch e.Code {
	case fleet.BadCredentials: // no body, so all causes look the same
		r = response{status: http.StatusUnauthorized}
	case fleet.InvalidToken, fleet.TokenExpired:
		r = encoded(http.StatusUnauthorized, wire.Message{Message: e.Message})
		r.set("WWW-Authenticate", "Bearer")
	default:
		r = tabled(e)
	}
	if e.RetryAfter > 0 {
		r.set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	} else if e.Code == fleet.Unavailable {
		r.set("Retry-After", "1")
	}
	return r
}

func tabled(e *fleet.Error) response {
	row := failures[e.Code]
	body := wire.Error{ErrorCode: row.code, ErrorToken: row.token, Message: e.Message}
	for _, p := range e.Problems {
		problem := failures[p.Code]
		body.Errors = append(body.Errors, wire.Problem{ErrorCode: problem.code, ErrorToken: problem.token, Message: p.Message})
	}
	return encoded(row.status, body)
}

// encoded builds a response from a type that can always be encoded.
func encoded(status int, v any) response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type of package api that encoding/json cannot encode
	}
	return response{status: status, body: body}
}
