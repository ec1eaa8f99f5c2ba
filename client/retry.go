package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// Retry configures how often and after which delay a request is retried. It never applies to a
// write without an idempotency key whose bytes may have reached the server.
type Retry struct {
	// Attempts is the maximum number of attempts, including the first; below 2 nothing is
	// retried. Renewing a bearer does not count.
	Attempts int
	// MinDelay and MaxDelay bound the wait, which doubles with each attempt and is shortened at
	// random by up to a half, so that clients do not retry simultaneously.
	MinDelay, MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for. If the server asks for more,
	// there is no further attempt; the error has the requested time.
	MaxRetryAfter time.Duration
	// Waiting, if not nil, is called before each wait with its duration and reason. It is
	// called from the goroutine of the request.
	Waiting func(wait time.Duration, why error)
}

// DefaultRetry makes four attempts within about two seconds, or as slowly as the server asks.
var DefaultRetry = Retry{Attempts: 4, MinDelay: 250 * time.Millisecond, MaxDelay: 5 * time.Second, MaxRetryAfter: time.Minute}

// NoRetry sends once, even with an idempotency key.
var NoRetry = Retry{Attempts: 1}

// after returns the delay before the next attempt, if there is one.
func (r Retry) after(attempt int, what call, err error) (wait time.Duration, again bool) {
	if attempt >= r.Attempts || what.probe || !repeatable(what, err) {
		return 0, false
	}
	wait = r.backoff(attempt)
	if refused, ok := errors.AsType[*APIError](err); ok && refused.RetryAfter > 0 {
		// Never before the time that the server asked for, with some spread after it.
		return refused.RetryAfter + wait/4, refused.RetryAfter <= r.MaxRetryAfter
	}
	return wait, true
}

func (r Retry) backoff(attempt int) time.Duration {
	d := r.MinDelay
	for ; attempt > 1 && d < r.MaxDelay; attempt-- {
		d *= 2
	}
	d = min(d, r.MaxDelay)
	if d < 2 {
		return d
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // spreads load, keeps no secret
}

// repeatable reports whether the request may be sent again.
func repeatable(what call, err error) bool {
	if _, ok := errors.AsType[*signInError](err); ok {
		return false // the sign-in has its own retries
	}
	if lost, ok := errors.AsType[*connectionError](err); ok {
		return lost.passing() && (!lost.sent || what.safe())
	}
	refused, ok := errors.AsType[*APIError](err)
	return ok && what.safe() && passing(what, refused)
}

// safe reports whether sending the call twice does what sending it once does.
func (c call) safe() bool {
	return c.method == http.MethodGet || c.repeat || c.header.Get(idempotencyKey) != ""
}

func passing(what call, refused *APIError) bool {
	switch refused.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusConflict: // the first request with the key is still running
		return refused.RetryAfter > 0 && what.header.Get(idempotencyKey) != ""
	}
	return false
}

// connectionError is an attempt without a response.
type connectionError struct {
	err   error
	sent  bool // there was a connection: the server may have seen the request
	ended bool // the caller's context has ended
}

func (e *connectionError) Error() string { return e.err.Error() }

func (e *connectionError) Unwrap() []error {
	if e.sent {
		return []error{e.err}
	}
	return []error{errNotSent, e.err}
}

// passing reports whether another attempt could succeed.
func (e *connectionError) passing() bool {
	if e.ended {
		return false
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](e.err)
	return !certificate
}

// inTime reports whether the caller's deadline leaves room for a wait.
func inTime(ctx context.Context, wait time.Duration) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || time.Until(deadline) > wait
}
