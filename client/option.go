package client

import (
	"context"
	"net/http"
	"time"

	"github.com/simferry/simferry/api"
)

// Option configures a Client.
type Option func(*Client)

// WithHTTPClient sends requests through h, with its timeout, proxy and certificates. The
// default is a client with a timeout of one minute per attempt. Its CheckRedirect is not used:
// no redirect is followed, see RedirectError.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithUserAgent sets the name of the calling program, such as "meter-rollout/1.2".
func WithUserAgent(name string) Option { return func(c *Client) { c.userAgent = name } }

// WithRetry replaces DefaultRetry.
func WithRetry(r Retry) Option { return func(c *Client) { c.retry = r } }

// WithClock replaces the system's clock: a test then need not wait for a retry or an expiry.
func WithClock(clock Clock) Option { return func(c *Client) { c.clock = clock } }

// Clock returns the time and sleeps.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or with the error of ctx when it ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the system's clock, the default of a Client.
type SystemClock struct{}

// Now returns the system's time.
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

// WithTokenSource gets the bearer of each request from s.
func WithTokenSource(s TokenSource) Option { return func(c *Client) { c.tokens = s } }

// WithPassword signs in as a user, in the user's default Workspace. Only the SHA-1 of the
// password is kept and sent.
func WithPassword(username, password string) Option {
	digest := passwordDigest(password)
	return func(c *Client) {
		c.tokens = &session{client: c, signIn: func(ctx context.Context) (*api.AuthResponse, error) {
			return c.authenticateWhole(ctx, username, digest)
		}}
	}
}

// WithSecondFactor lets the Client of WithPassword sign in a user with a second factor: code is
// called when a sign-in needs a code, which is rare, because the refresh token renews a
// session. Without it such a sign-in fails with ErrSecondFactor.
func WithSecondFactor(code func(context.Context) (string, error)) Option {
	return func(c *Client) { c.code = code }
}

// WithFingerprint identifies the device: if it is trusted (AuthenticateAndTrust), no code is
// needed.
func WithFingerprint(fingerprint string) Option {
	return func(c *Client) { c.fingerprint = fingerprint }
}

// WithApplicationToken signs in with an application token, in its Workspace. Such a caller
// cannot move SIMs: that requires a user.
func WithApplicationToken(token string) Option {
	return func(c *Client) {
		c.tokens = &session{client: c, signIn: func(ctx context.Context) (*api.AuthResponse, error) {
			return c.AuthenticateApplication(ctx, token)
		}}
	}
}

// WithRefreshToken continues an earlier session with its refresh token. Each refresh returns
// the next refresh token. rotated, if not nil, is called with it and must store it: once the
// new token is used, using the old one ends the session. rotated is called from the goroutine
// of a request, one call at a time.
func WithRefreshToken(token string, rotated func(next string)) Option {
	return func(c *Client) { c.tokens = &session{client: c, refresh: token, rotated: rotated} }
}
