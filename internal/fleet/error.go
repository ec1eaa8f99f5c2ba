package fleet

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of failure of an Error. httpx maps it to a status and a body, the client
// maps it back; no other package may define codes.
type Code int

// The codes. A code that the API has a number for has the same number here.
const (
	BadRequest        Code = 1000 // malformed input
	Failed            Code = 1002 // well-formed, but cannot be done
	BadCredentials    Code = 1100 // sign-in failed; the API responds 401 with an empty body
	InvalidToken      Code = 1102 // the bearer is missing, malformed, revoked or signed by another key
	TokenExpired      Code = 1103
	Forbidden         Code = 1104
	TooManyRequests   Code = 1105
	LockedOut         Code = 1199 // TooManyRequests for one account; the API responds 401 with 1105
	NotFound          Code = 1201
	BadQuery          Code = 1301
	BadSort           Code = 1302
	ValidationFailed  Code = 1400
	InvalidReference  Code = 1401
	Required          Code = 1402
	InvalidFormat     Code = 1403
	OutOfRange        Code = 1404
	Duplicated        Code = 1405
	NotAllowed        Code = 1406
	TooLarge          Code = 4130 // the body is over the limit
	KeyReused         Code = 4220 // an idempotency key was used for another request
	InUse             Code = 4091 // something refers to it and must be removed first
	KeyBusy           Code = 4090 // the first request with an idempotency key is still running
	PreconditionStale Code = 4120 // If-Match: the preview is out of date
	Unavailable       Code = 5030 // the database is unavailable; try again
)

// Error is a failure that is reported to the caller. Message is for the caller and never
// contains a secret or data of a Workspace that the caller cannot see; Err is for the log.
type Error struct {
	Code     Code
	Message  string
	Field    string    // the property of the request at fault, if there is one
	Problems []Problem // one per invalid value
	// RetryAfter is how long the caller should wait before retrying, 0 if that does not help.
	RetryAfter time.Duration
	Err        error
}

// Problem is one detail of an Error.
type Problem struct {
	Code    Code
	Message string
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a message for the caller.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns a BadRequest error that names the invalid field and says what to do.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: BadRequest, Field: field, Message: field + ": " + fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of err, or 0 for an internal error whose text the caller must not
// see.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// Missing returns the contract's NotFound error for one object.
func Missing(resource string, id any) *Error {
	return Errorf(NotFound, "%s with id %v not found", resource, id)
}
