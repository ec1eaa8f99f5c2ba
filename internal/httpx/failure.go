package httpx

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	wire "github.com/simferry/simferry/api"
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

// Failure turns an error into a response. Errors that are not meant for the caller become a 500
// with a fixed text; the log has the details.
func Failure(err error) Response {
	var e *fleet.Error
	switch {
	case errors.As(err, &e):
		return known(e)
	case errors.Is(err, context.DeadlineExceeded):
		return known(fleet.Errorf(fleet.Unavailable, "The request took too long; try again"))
	}
	return JSON(http.StatusInternalServerError, wire.Error{
		ErrorCode: 1000, ErrorToken: "InternalError", Message: "Internal server error. Details are in the server log under this request ID.",
	})
}

func known(e *fleet.Error) Response {
	var r Response
	switch e.Code {
	case fleet.BadCredentials: // no body, so all causes look the same
		r = Response{Status: http.StatusUnauthorized}
	case fleet.InvalidToken, fleet.TokenExpired:
		r = JSON(http.StatusUnauthorized, wire.Message{Message: e.Message})
		r.Set("WWW-Authenticate", "Bearer")
	default:
		r = tabled(e)
	}
	if e.RetryAfter > 0 {
		r.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	} else if e.Code == fleet.Unavailable {
		r.Set("Retry-After", "1")
	}
	return r
}

// WireCode returns the number and the name of a code in the body of an error.
func WireCode(c fleet.Code) (code int, token string) { return failures[c].code, failures[c].token }

func tabled(e *fleet.Error) Response {
	row := failures[e.Code]
	body := wire.Error{ErrorCode: row.code, ErrorToken: row.token, Message: e.Message}
	for _, p := range e.Problems {
		problem := failures[p.Code]
		body.Errors = append(body.Errors, wire.Problem{ErrorCode: problem.code, ErrorToken: problem.token, Message: p.Message})
	}
	return JSON(row.status, body)
}
