package client

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/simferry/simferry/api"
)

// APIError is a refusal by the server. Branch on Status and Code; Message is for people.
type APIError struct {
	Status     int           // of HTTP
	Code       int           // the contract's error_code, 0 where the body has none
	Token      string        // the contract's error_token, such as "NotFound"
	Message    string        // never empty
	Problems   []api.Problem // the particulars, such as each SIM that was not found
	RequestID  string        // for the server's log; "" where it gives none
	RetryAfter time.Duration // how long the server asks to wait; 0 where it does not say
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Code != 0 {
		text += fmt.Sprintf(" (%d)", e.Code)
	}
	if e.Message != http.StatusText(e.Status) {
		text += ": " + e.Message
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" (the server asks to wait %v)", e.RetryAfter.Round(time.Second))
	}
	if e.RequestID != "" {
		text += " [request " + e.RequestID + "]"
	}
	return text
}

// ConflictError is the refusal of a migration by its rules: every reason at once, and
// under each every SIM that it holds back. A dry run is refused as the real run would be.
type ConflictError struct {
	APIError
	Groups []api.ConflictReason // by ascending code, 1502 to 1509
}

func (e *ConflictError) Error() string {
	text := e.APIError.Error()
	for _, g := range e.Groups {
		text += fmt.Sprintf("; %d %s", g.ErrorCode, g.Message)
		if n := len(g.SIMs); n > 0 {
			text += fmt.Sprintf(" (%d)", n)
		}
	}
	return text
}

// Unwrap is the refusal as an APIError.
func (e *ConflictError) Unwrap() error { return &e.APIError }

// Has tells whether a code is among the reasons.
func (e *ConflictError) Has(code int) bool {
	for _, g := range e.Groups {
		if g.ErrorCode == code {
			return true
		}
	}
	return false
}

// The reasons why a migration is refused, as ConflictReason.ErrorCode.
const (
	SIMsAttached       = 1502 // SIMs are in devices, and DetachDevices is not set
	StatusNotAllowed   = 1503 // SIMs have a status that AllowedStatuses leaves out
	NoAdminOnSource    = 1504 // the caller is a member of the source, but no Administrator
	BrazilianBorder    = 1505 // exactly one of source and target is in Brazil
	AlreadyInTarget    = 1506
	SeveralSources     = 1507 // only for ICCIDs and a range; SIMs by id may have several sources
	TargetNoEnterprise = 1508
	TargetSuspended    = 1509
)

// StaleError is the refusal of a real run with IfMatch: what was previewed has changed
// since. SIMs tells what, SIM by SIM; it is empty where the preview was of another request.
type StaleError struct {
	APIError
	SIMs []api.StaleSIM
}

// Unwrap is the refusal as an APIError.
func (e *StaleError) Unwrap() error { return &e.APIError }

// RedirectError is an answer that sends the client elsewhere. It is not followed, because the
// request has credentials.
type RedirectError struct {
	APIError
	Location string // where the request was sent to, as a whole address; "" if the server does not say
	BaseURL  string // what to give to New in order to follow it; "" if Location is another operation
}

// Unwrap is the refusal as an APIError.
func (e *RedirectError) Unwrap() error { return &e.APIError }

// signInError is a request that was not sent, because there was no bearer for it.
type signInError struct{ err error }

func (e *signInError) Error() string { return "sign in: " + e.err.Error() }

func (e *signInError) Unwrap() error { return e.err }

// IsNotFound tells that something that the request names does not exist for the caller.
// What the caller may not see is not found, never forbidden.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsUnauthorized tells that the credentials are not valid, or the bearer is not.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsForbidden tells that the caller's role, or kind of token, is not enough.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsConflict tells that the rules of a migration hold it back. For the reasons see
// ConflictError.
func IsConflict(err error) bool { _, ok := errors.AsType[*ConflictError](err); return ok }

// IsInUse tells that something hangs on what is to be changed or deleted, and must be taken
// away first: a device holds a SIM, or a SIM sits in a device.
func IsInUse(err error) bool {
	const code = 1406
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == http.StatusConflict && e.Code == code && e.RetryAfter == 0
}

// IsStale tells that a preview is out of date. For what has changed see StaleError.
func IsStale(err error) bool { _, ok := errors.AsType[*StaleError](err); return ok }

// IsInvalid tells that the request is at fault, and that sending it again is of no use.
func IsInvalid(err error) bool {
	return hasStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge)
}

// IsTooManyRequests tells that a limit is reached, that of an account whose sign-in is
// locked (then with status 401) included. RetryAfter tells for how long.
func IsTooManyRequests(err error) bool {
	const code = 1105
	e, ok := errors.AsType[*APIError](err)
	return ok && (e.Status == http.StatusTooManyRequests || e.Code == code)
}

// IsUnavailable tells that the server cannot answer at the moment.
func IsUnavailable(err error) bool { return hasStatus(err, http.StatusServiceUnavailable) }

func hasStatus(err error, statuses ...int) bool {
	e, ok := errors.AsType[*APIError](err)
	for _, s := range statuses {
		if ok && e.Status == s {
			return true
		}
	}
	return false
}
