package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/simferry/simferry/api"
)

// Invitation describes an invited user and the Workspace.
type Invitation struct {
	Username  string  // an e-mail address
	Name      string  // the address if ""
	Workspace int64   // the bearer's if 0
	Roles     []int64 // Observer if empty
}

// Invite makes a user a member of a Workspace. The activation key is "" if the server mails it;
// otherwise it is returned only once, and the caller passes it on.
//
// Permission: Administrator of the Workspace. Errors: IsInvalid; IsForbidden; an APIError with
// 409 if the user is a member; IsTooManyRequests.
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
	what := call{method: http.MethodPost, path: "/api/v2/user/invitation", body: body, header: headerOf(opts)}
	got, err := c.do(ctx, what)
	if err != nil || len(got.body) == 0 {
		return "", err
	}
	var answer api.InvitationResponse
	if err := json.Unmarshal(got.body, &answer); err != nil {
		return "", &CallError{what.method, what.path, fmt.Errorf("cannot decode the response (%d): %w", got.status, err)}
	}
	return answer.ActivationKey, nil
}

// Activate uses an activation key. The key of an invitation activates the account with the
// plain password; that of a reset replaces the password. name, if not "", replaces the name in
// the invitation.
//
// Permission: none. Errors: IsForbidden for a key that is unknown, used or expired; IsInvalid
// for a common password; IsTooManyRequests.
func (c *Client) Activate(ctx context.Context, key, password, name string) error {
	digest := passwordDigest(password)
	body := api.ActivationRequest{ActivationKey: &key, Password: &digest}
	if name != "" {
		body.Name = &name
	}
	return c.write(ctx, http.MethodPost, "/api/v2/user/activation", body, nil)
}

// AskPasswordReset lets the server mail an activation key to a user. It also succeeds for
// unknown users.
//
// Permission: none. Errors: IsForbidden if the server sends no mail; IsTooManyRequests.
func (c *Client) AskPasswordReset(ctx context.Context, username string) error {
	return c.write(ctx, http.MethodPost, "/api/v1/user/password/reset", api.PasswordResetRequest{Username: &username}, nil)
}
