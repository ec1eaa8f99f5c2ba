package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/simferry/simferry/api"
)

// Invitation is whom to invite, and to what.
type Invitation struct {
	Username  string  // an e-mail address
	Name      string  // the address where ""
	Workspace int64   // that of the bearer where 0
	Roles     []int64 // Observer where empty
}

// Invite makes somebody a member of a Workspace. The activation key is "" where the server
// mails it; else it is answered this once, for the caller to hand on.
//
// Permission: Administrator of the Workspace. Errors: IsInvalid; IsForbidden; an APIError with
// 409 for a member; IsTooManyRequests.
func (c *Client) Invite(ctx context.Context, n Invitation, opts ...WriteOption) (activationKey string, err error) {
	body := api.InvitationRequest{Username: &n.Username}
	if n.Name != "" {
		body.Name = &n.Name
	}
	if n.Workspace != 0 {
		body.Organisation = api.Some(api.RefTo(n.Workspace))
	}
	if len(n.Roles) > 0 {
		refs := make([]api.IDRef, len(n.Roles))
		for i, r := range n.Roles {
			refs[i] = api.RefTo(r)
		}
		body.Roles = api.Some(refs)
	}
	what := call{method: http.MethodPost, path: "/api/v2/user/invitation", body: body, header: written(opts)}
	got, err := c.do(ctx, what)
	if err != nil || len(got.body) == 0 {
		return "", err
	}
	var answer api.InvitationResponse
	if err := json.Unmarshal(got.body, &answer); err != nil {
		return "", fmt.Errorf("%s %s: the answer (%d) cannot be read: %w", what.method, what.path, got.status, err)
	}
	return answer.ActivationKey, nil
}

// Activate uses an activation key: that of an invitation opens the account with the plain
// password, that of a reset gives it another one. name replaces that of the invitation where
// it is not "".
//
// Permission: none. Errors: IsForbidden for a key that is unknown, used or expired;
// IsInvalid for a password that everybody would guess; IsTooManyRequests.
func (c *Client) Activate(ctx context.Context, key, password, name string) error {
	digest := passwordDigest(password)
	body := api.ActivationRequest{ActivationKey: &key, Password: &digest}
	if name != "" {
		body.Name = &name
	}
	return c.write(ctx, http.MethodPost, "/api/v2/user/activation", body, nil)
}

// AskPasswordReset has an activation key mailed to a user. That it succeeds does not tell
// whether there is such a user.
//
// Permission: none. Errors: IsForbidden where the server sends no mail; IsTooManyRequests.
func (c *Client) AskPasswordReset(ctx context.Context, username string) error {
	return c.write(ctx, http.MethodPost, "/api/v1/user/password/reset", api.PasswordResetRequest{Username: &username}, nil)
}
