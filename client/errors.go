package client

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/simferry/simferry/api"
)

// APIError is a refusal by the server. Branch on Status and Code; Message is for humans.
type APIError struct {
	Status     int           // of HTTP
	Code       int           // error_code of the body, 0 without one
	Token      string        // error_token of the body, such as "NotFound"
	Message    string        // never empty
	Problems   []api.Problem // details, such as each SIM that was not found
	RequestID  string        // for the server's log; "" without one
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
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

// CallError says which call an error is about. Every call of Client returns its errors in one.
type CallError struct {
	Method, Path string // with the query
	Err          error
}

func (e *CallError) Error() string { return fmt.Sprintf("%s %s: %v", e.Method, e.Path, e.Err) }

// Unwrap returns the error of the call.
func (e *CallError) Unwrap() error { return e.Err }

// ConflictError is the refusal of a migration by its rules: all reasons, each with all SIMs
// that it concerns. A dry run is refused like the real run.
type ConflictError struct {
	APIError
	Groups []api.ConflictReason // by ascending code, 1502 to 1599
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

// Unwrap returns the refusal as an APIError.
func (e *ConflictError) Unwrap() error { return &e.APIError }

// Has reports whether a code is among the reasons.
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
	NoAdminOnSource    = 1504 // the caller is a member of the source, but not an Administrator
	BrazilianBorder    = 1505 // exactly one of source and target is in Brazil
	AlreadyInTarget    = 1506
	SeveralSources     = 1507 // only for ICCIDs and a range; SIMs by id may have several sources
	TargetNoEnterprise = 1508
	TargetSuspended    = 1509
	SIMsChanged        = 1510 // of an undo: SIMs have changed since the migration
	DeviceUnavailable  = 1511 // of an undo: a previous device is gone, taken or in another Workspace
	AlreadyUndone      = 1512 // of an undo: another undo has moved the SIMs back
	ApprovalRequired   = 1515 // a rule requires approval: make a job, which waits for it
	InPendingOffer     = 1513 // SIMs are part of a pending offer, which the giver can cancel
	ReasonRequired     = 1516 // a Workspace that SIMs leave or enter requires a reason, and none is given
	CreatorSuspended   = 1517 // of a SIM of a job: the user who made it is suspended or deleted
	NoAdminOnTarget    = 1518 // of a SIM of a job: the user who made it no longer administers the target
	RuleFailed         = 1519 // the conditions of a rule cannot be evaluated
	RuleRefused        = 1520 // a rule of the installation or a Workspace; such rules have codes up to 1599
)

// StaleError is the refusal of a real run with IfMatch: what was previewed has changed since.
// SIMs lists the changes, SIM by SIM; it is empty if the preview was of another request.
type StaleError struct {
	APIError
	SIMs []api.StaleSIM
}

// Unwrap returns the refusal as an APIError.
func (e *StaleError) Unwrap() error { return &e.APIError }

// RedirectError is a redirect. It is not followed, because the request contains credentials.
type RedirectError struct {
	APIError
	Location string // absolute URL of the destination; "" if the server does not say
	BaseURL  string // base URL for New to follow it; "" if Location is another operation
}

// Unwrap returns the refusal as an APIError.
func (e *RedirectError) Unwrap() error { return &e.APIError }

// signInError means that a request was not sent, because no bearer could be obtained.
type signInError struct{ err error }

func (e *signInError) Error() string { return "sign in: " + e.err.Error() }

func (e *signInError) Unwrap() error { return e.err }

// IsNotFound reports whether something that the request names does not exist for the caller.
// Resources that the caller may not see are not found, never forbidden.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsUnauthorized reports whether the credentials or the bearer are invalid.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsForbidden reports whether the caller's role or kind of token lacks the permission.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsConflict reports whether the rules of a migration forbid it. For the reasons see
// ConflictError.
func IsConflict(err error) bool { _, ok := errors.AsType[*ConflictError](err); return ok }

// IsInUse reports whether the state of something does not allow the request: a device still has a
// SIM, a SIM is in a device, or a job or an offer has gone on meanwhile.
func IsInUse(err error) bool {
	const code = 1406
	e, ok := errors.AsType[*APIError](err)
	return ok && e.Status == http.StatusConflict && e.Code == code && e.RetryAfter == 0
}

// IsStale reports whether a preview is out of date. For what has changed see StaleError.
func IsStale(err error) bool { _, ok := errors.AsType[*StaleError](err); return ok }

// IsInvalid reports whether the request is invalid, so that a retry is useless.
func IsInvalid(err error) bool {
	return hasStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge)
}

// IsTooManyRequests reports whether a limit is reached, including a locked sign-in (with status
// 401). RetryAfter says for how long.
func IsTooManyRequests(err error) bool {
	const code = 1105
	e, ok := errors.AsType[*APIError](err)
	return ok && (e.Status == http.StatusTooManyRequests || e.Code == code)
}

// IsUnavailable reports whether the server is temporarily unavailable.
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
