package client

import (
	"context"
	"crypto/sha1" //nolint:gosec // the contract's; the server hashes it again with Argon2id
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/simferry/simferry/api"
)

const authenticatePath = "/api/v1/authenticate"

// passwordDigest is the form in which the contract sends passwords: SHA-1 of the UTF-8
// text, in lower-case hex.
func passwordDigest(password string) string {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// AuthenticateUser exchanges a user name and the plain password for a bearer and a
// refresh token; where a second factor is due, for an MFAToken alone, which
// AuthenticateSecondFactor takes. A Client made with WithPassword does it by itself.
//
// Permission: none. Errors: IsUnauthorized, alike for a wrong password, an unknown, a
// suspended and a locked-out user, the last with RetryAfter; IsTooManyRequests.
func (c *Client) AuthenticateUser(ctx context.Context, username, password string) (*api.AuthResponse, error) {
	return c.authenticateDigest(ctx, username, passwordDigest(password))
}

func (c *Client) authenticateDigest(ctx context.Context, username, digest string) (*api.AuthResponse, error) {
	body := api.AuthRequest{Username: &username, Password: &digest}
	if c.fingerprint != "" {
		body.Fingerprint = &c.fingerprint
	}
	return c.authenticate(ctx, body)
}

// ErrSecondFactor is the error of a sign-in that needs a code where no one gives any.
var ErrSecondFactor = errors.New("a second factor is due: use WithSecondFactor, or AuthenticateSecondFactor and WithRefreshToken")

// authenticateWhole is authenticateDigest with the second factor, where one is due.
func (c *Client) authenticateWhole(ctx context.Context, username, digest string) (*api.AuthResponse, error) {
	got, err := c.authenticateDigest(ctx, username, digest)
	if err != nil || got.MFAToken == "" {
		return got, err
	}
	if c.code == nil {
		return nil, ErrSecondFactor
	}
	code, err := c.code(ctx)
	if err != nil {
		return nil, err
	}
	return c.AuthenticateSecondFactor(ctx, got.MFAToken, code)
}

// AuthenticateApplication exchanges an application token for a bearer of its Workspace.
// The answer has no refresh token.
//
// Permission: none. Errors: IsUnauthorized where the token is garbled, expired, revoked or
// not for this address; IsTooManyRequests.
func (c *Client) AuthenticateApplication(ctx context.Context, token string) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{ApplicationToken: &token})
}

// AuthenticateRefresh exchanges a refresh token for a new bearer and a new refresh token.
// The old one is spent once the new one has been used; using it after that ends the session.
//
// Permission: none. Errors: IsUnauthorized; IsTooManyRequests.
func (c *Client) AuthenticateRefresh(ctx context.Context, refreshToken string) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{RefreshToken: &refreshToken})
}

func (c *Client) authenticate(ctx context.Context, body api.AuthRequest) (*api.AuthResponse, error) {
	return one[api.AuthResponse](ctx, c.as(nil), call{method: http.MethodPost, path: authenticatePath, body: body})
}

// Logout ends the session of the bearer at once: its bearers of every Workspace and its
// refresh token; with everywhere, every session of the user. A Client that signs in by
// itself would do so again at its next call.
//
// Permission: any user. Errors: IsForbidden for an application token.
func (c *Client) Logout(ctx context.Context, everywhere bool) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/api/v1/logout", body: api.LogoutRequest{Everywhere: everywhere}})
	return err
}

// SwitchWorkspace gives a bearer for another Workspace; that of this Client stays as it
// is. InWorkspace is a Client that does it by itself.
//
// Permission: any user who is a member of the Workspace. Errors: IsUnauthorized, alike
// where the caller is no member, the Workspace is unknown, or an application token asks.
func (c *Client) SwitchWorkspace(ctx context.Context, workspace int64) (*api.AuthResponse, error) {
	body := api.SwitchRequest{TargetOrganisation: api.Some(api.RefTo(workspace))}
	return one[api.AuthResponse](ctx, c, call{method: http.MethodPost, path: authenticatePath + "/workspace", body: body})
}

// InWorkspace is the same caller in another Workspace. It sends nothing yet: the first
// call switches, and so does each renewal of its bearer.
func (c *Client) InWorkspace(workspace int64) *Client {
	return c.as(&session{client: c, signIn: func(ctx context.Context) (*api.AuthResponse, error) {
		return c.SwitchWorkspace(ctx, workspace)
	}})
}
