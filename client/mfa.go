package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/simferry/simferry/api"
)

const mfaPath = "/api/v1/user/mfa"

// AuthenticateSecondFactor completes a sign-in that returned an MFAToken, within five minutes.
// code has the six digits that the user's authenticator shows; each code works once.
//
// Permission: none. Errors: IsUnauthorized for a wrong code, with RetryAfter after three, and
// once the MFAToken has expired; IsTooManyRequests.
func (c *Client) AuthenticateSecondFactor(ctx context.Context, mfaToken, code string) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{MFAToken: &mfaToken, Code: &code})
}

// AuthenticateAndTrust does what AuthenticateSecondFactor does and trusts the device: for 90 days
// it needs no code if it sends its fingerprint, see WithFingerprint.
//
// Permission and errors: those of AuthenticateSecondFactor; IsInvalid for the device.
func (c *Client) AuthenticateAndTrust(ctx context.Context, mfaToken, code string, device api.DeviceToTrust) (*api.AuthResponse, error) {
	return c.authenticate(ctx, api.AuthRequest{MFAToken: &mfaToken, Code: &code, TrustedDevice: api.Some(device)})
}

// ChangePassword replaces the caller's password. Both are given in plain text and sent as
// SHA-1. It ends every session of the user, including that of this Client.
//
// Permission: any user. Errors: IsInvalid for a wrong old password and for a common new one;
// IsTooManyRequests after three wrong ones.
func (c *Client) ChangePassword(ctx context.Context, old, next string) error {
	oldDigest, nextDigest := passwordDigest(old), passwordDigest(next)
	_, err := c.do(ctx, call{
		method: http.MethodPatch, path: "/api/v1/user/password", body: api.PasswordChange{OldPassword: &oldDigest, NewPassword: &nextDigest},
	})
	return err
}

// AddMFAKey creates a second factor for the caller, which ActivateMFAKey activates. Its secret
// is shown only once. It requires the plain password.
//
// Permission: any user. Errors: IsInvalid for a wrong password; an APIError with 409 if one is
// active; IsTooManyRequests.
func (c *Client) AddMFAKey(ctx context.Context, password string) (*api.NewMFAKey, error) {
	digest := passwordDigest(password)
	return one[api.NewMFAKey](ctx, c, call{
		method: http.MethodPost, path: mfaPath, body: api.MFARequest{Type: api.Some(api.RefTo(0)), Password: &digest},
	})
}

// ActivateMFAKey activates the caller's second factor with its first code.
//
// Permission: any user. Errors: IsNotFound; an APIError with 409 if it is active; IsInvalid for
// a wrong code; IsTooManyRequests.
func (c *Client) ActivateMFAKey(ctx context.Context, id int64, code string) error {
	_, err := c.do(ctx, call{
		method: http.MethodPatch, path: mfaPath + "/" + strconv.FormatInt(id, 10),
		body: api.MFAActivation{Status: api.Some(api.RefTo(1)), Code: &code},
	})
	return err
}

// MFAKeys lists the second factor of a user, by id or "my" for the caller.
//
// Permission: any user for themselves; for others Administrator of all their Workspaces.
// Errors: IsNotFound.
func (c *Client) MFAKeys(ctx context.Context, user string) ([]api.MFAKey, error) {
	return getList[api.MFAKey](ctx, c, userMFAPath(user))
}

// RemoveMFAKey removes a second factor and the trusted devices.
//
// Permission and errors: as for MFAKeys.
func (c *Client) RemoveMFAKey(ctx context.Context, user string, id int64) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: userMFAPath(user) + "/" + strconv.FormatInt(id, 10)})
	return err
}

// TrustedDevices lists the devices of a user that need no second factor.
//
// Permission and errors: as for MFAKeys.
func (c *Client) TrustedDevices(ctx context.Context, user string) ([]api.TrustedDevice, error) {
	return getList[api.TrustedDevice](ctx, c, userMFAPath(user)+"/trusted_device")
}

// RemoveTrustedDevice ends the trust in a device.
//
// Permission and errors: as for MFAKeys.
func (c *Client) RemoveTrustedDevice(ctx context.Context, user string, id int64) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: userMFAPath(user) + "/trusted_device/" + strconv.FormatInt(id, 10)})
	return err
}

// MFAStatuses lists the statuses that a second factor can have.
//
// Permission: any user.
func (c *Client) MFAStatuses(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, mfaPath+"/status")
}

// MFATypes lists the kinds of second factors.
//
// Permission: any user.
func (c *Client) MFATypes(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, mfaPath+"/type")
}

func userMFAPath(user string) string { return "/api/v1/user/" + url.PathEscape(user) + "/mfa" }
