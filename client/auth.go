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

// passwordDigest returns the form in which passwords are sent: SHA-1 of the UTF-8 text, in
// lower-case hex.
func passwordDigest(password string) string {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// AuthenticateUser exchanges a user name and the plain password for a bearer and a refresh
// token. If a second factor is required, it returns only an MFAToken for
// AuthenticateSecondFactor. A Client with WithPassword does this automatically.
//
// Permission: none. Errors: IsUnauthorized for a wrong password and for an unknown, suspended
// or locked user without distinction, except that the last has a RetryAfter; IsTooManyRequests.
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

// ErrSecondFactor is the error of a sign-in that needs a code when the Client has no source of
// codes.
var ErrSecondFactor = errors.New("a second factor is required: use WithSecondFactor, or AuthenticateSecondFactor and WithRefreshToken")

// authenticateWhole signs in like authenticateDigest, and completes the second factor, if one is
// required.
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

// AuthenticateApplication exchanges an application token for a bearer of its Workspace. The
// response has no refresh token.
//
// Permission: none. Errors: IsUnauthorized if the token is invalid, expired, revoked or not
// valid for this address; IsTooManyRequests.
func (c *Client) AuthenticateApplication(ctx context.Context, token string) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{ApplicationToken: &token})
}

// AuthenticateRefresh exchanges a refresh token for a new bearer and a new refresh token. The
// old one becomes invalid when the new one is used; using it after that ends the session.
//
// Permission: none. Errors: IsUnauthorized; IsTooManyRequests.
func (c *Client) AuthenticateRefresh(ctx context.Context, refreshToken string) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{RefreshToken: &refreshToken})
}

// StartTerminal starts a sign-in that a user approves in the console of the server.
//
// Permission: none. Errors: IsForbidden if the server has no console; IsTooManyRequests.
func (c *Client) StartTerminal(ctx context.Context) (*api.DeviceAuthorization, error) {
	return one[api.DeviceAuthorization](ctx, c.as(nil), call{method: http.MethodPost, path: authenticatePath + "/device"})
}

// AuthenticateTerminal exchanges the device code of StartTerminal for tokens. Until the user has
// decided, the response has only AuthorizationPending.
//
// Permission: none. Errors: IsUnauthorized if the user has refused or the code has expired;
// IsTooManyRequests.
func (c *Client) AuthenticateTerminal(ctx context.Context, deviceCode string) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{DeviceCode: &deviceCode})
}

func (c *Client) authenticate(ctx context.Context, body api.AuthRequest) (*api.AuthResponse, error) {
	return one[api.AuthResponse](ctx, c.as(nil), call{method: http.MethodPost, path: authenticatePath, body: body})
}

// Logout ends the session of the bearer: its bearers of all Workspaces and its refresh token;
// with everywhere, every session of the user. A Client that signs in automatically does so
// again at its next call.
//
// Permission: any user. Errors: IsForbidden for an application token.
func (c *Client) Logout(ctx context.Context, everywhere bool) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/api/v1/logout", body: api.LogoutRequest{Everywhere: everywhere}})
	return err
}

// SwitchWorkspace returns a bearer for another Workspace; this Client keeps its own.
// InWorkspace returns a Client that switches automatically.
//
// Permission: any member of the Workspace. Errors: IsUnauthorized if the caller is not a
// member, the Workspace is unknown, or the caller is an application token.
func (c *Client) SwitchWorkspace(ctx context.Context, workspace int64) (*api.AuthResponse, error) {
	body := api.SwitchRequest{TargetOrganisation: api.Some(api.RefTo(workspace))}
	return one[api.AuthResponse](ctx, c, call{method: http.MethodPost, path: authenticatePath + "/workspace", body: body})
}

// InWorkspace returns a Client for the same caller in another Workspace. It sends nothing: the
// first call switches, and so does each renewal of its bearer.
func (c *Client) InWorkspace(workspace int64) *Client {
	return c.as(&session{client: c, signIn: func(ctx context.Context) (*api.AuthResponse, error) {
		return c.SwitchWorkspace(ctx, workspace)
	}})
}
