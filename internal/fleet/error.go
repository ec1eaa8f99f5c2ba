package fleet

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an Error is. httpapi turns it into a status and a body,
// the client turns it back; nothing else may invent one.
type Code int

// The codes. Where the wire has a number for it, this is that number.
const (
	BadRequest        Code = 1000 // malformed input
	Failed            Code = 1002 // well-formed, but it cannot be done
	BadCredentials    Code = 1100 // sign-in refused; the wire answers 401 with an empty body
	InvalidToken      Code = 1102 // the bearer is missing, garbled, revoked or of the wrong key
	TokenExpired      Code = 1103
	Forbidden         Code = 1104
	TooManyRequests   Code = 1105
	LockedOut         Code = 1199 // TooManyRequests of one account; the wire answers 401 with 1105
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
	KeyReused         Code = 4220 // an idempotency key came with another request
	InUse             Code = 4091 // something hangs on it that must be taken away first
	KeyBusy           Code = 4090 // the first request under an idempotency key still runs
	PreconditionStale Code = 4120 // If-Match: the preview is out of date
	Unavailable       Code = 5030 // the database is away; try again
)

// Error is a failure that the caller gets. Message is for the caller and never holds a secret
// or anything of a Workspace that the caller cannot see; Err is for the log.
type Error struct {
	Code     Code
	Message  string
	Field    string    // the property of the request at fault, if there is one
	Problems []Problem // the particulars, one per offending value
	// RetryAfter is how long the caller should wait, where waiting helps.
	RetryAfter time.Duration
	Err        error
}

// Problem is one particular of an Error.
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

// Errorf makes an Error whose message the caller sees.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns a BadRequest that names the field at fault and the cure.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: BadRequest, Field: field, Message: field + ": " + fmt.Sprintf(format, args...)}
}

// CodeOf finds the code of err, or 0 for an error that the caller must not be told about.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// Missing returns a NotFound for one thing, in the contract's words.
func Missing(resource string, id any) *Error {
	return Errorf(NotFound, "%s with id %v not found", resource, id)
}
