package client

import (
	"context"
	"net/http"
	"time"

	"github.com/simferry/simferry/api"
)

// Option changes how a Client works.
type Option func(*Client)

// WithHTTPClient sends through h, which brings its own timeout, proxy and certificates.
// The default is a client with a timeout of one minute per attempt. Its CheckRedirect is not
// used: no redirect is followed, see RedirectError.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithUserAgent names the calling program, such as "meter-rollout/1.2".
func WithUserAgent(name string) Option { return func(c *Client) { c.userAgent = name } }

// WithRetry replaces DefaultRetry.
func WithRetry(r Retry) Option { return func(c *Client) { c.retry = r } }

// WithClock replaces the system's clock: a test need not wait for a retry or an expiry.
func WithClock(clock Clock) Option { return func(c *Client) { c.clock = clock } }

// Clock tells the time and lets it pass.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or with the error of ctx once that ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the computer's, which a client goes by unless WithClock says otherwise.
type SystemClock struct{}

// Now is the time of the computer.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits for d to pass, or for ctx to end.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// WithBearer sends one bearer token with every request. It cannot be renewed: once it has
// expired, calls fail with 401.
func WithBearer(token string) Option { return WithTokenSource(static(token)) }

// WithTokenSource asks s for the bearer of each request.
func WithTokenSource(s TokenSource) Option { return func(c *Client) { c.tokens = s } }

// WithPassword signs a user in, in the user's default Workspace. The plain password stays
// here: only its SHA-1 is kept and sent, as the contract has it.
func WithPassword(username, password string) Option {
	digest := passwordDigest(password)
	return func(c *Client) {
		c.tokens = &session{client: c, signIn: func(ctx context.Context) (*api.AuthResponse, error) {
			return c.authenticateWhole(ctx, username, digest)
		}}
	}
}

// WithSecondFactor lets the Client of WithPassword sign in a user who has a second factor:
// code is asked for a code whenever a sign-in needs one, which is seldom, since a session is
// renewed by its refresh token. Without it such a sign-in fails with ErrSecondFactor.
func WithSecondFactor(code func(context.Context) (string, error)) Option {
	return func(c *Client) { c.code = code }
}

// WithFingerprint names the device: where it was trusted (AuthenticateAndTrust), no
// code is asked for.
func WithFingerprint(fingerprint string) Option {
	return func(c *Client) { c.fingerprint = fingerprint }
}

// WithApplicationToken signs a program in, in the Workspace of its application token.
// Such a caller moves no SIMs: that takes a user.
func WithApplicationToken(token string) Option {
	return func(c *Client) {
		c.tokens = &session{client: c, signIn: func(ctx context.Context) (*api.AuthResponse, error) {
			return c.AuthenticateApplication(ctx, token)
		}}
	}
}

// WithRefreshToken takes up an earlier session by its refresh token. Each refresh yields the
// next refresh token, which rotated gets, if it is not nil, to be kept in place of the last:
// once the next one has been used, the use of the last one ends the session. rotated is
// called from the goroutine of a request, one call at a time.
func WithRefreshToken(token string, rotated func(next string)) Option {
	return func(c *Client) { c.tokens = &session{client: c, refresh: token, rotated: rotated} }
}
