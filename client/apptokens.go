package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/simferry/simferry/api"
)

const tokensPath = "/api/v1/application_token" //nolint:gosec // a path, and no credential

// NewApplicationToken describes an application token to create; the zero value never expires
// and can be used from any address.
type NewApplicationToken struct {
	Description string
	Expires     time.Time // zero for never
	IP          string    // the network or address that may use it; "" for any
}

// ListApplicationTokens reads one page of the application tokens of the bearer's Workspace,
// without their text.
//
// Permission: Administrator of the Workspace.
func (c *Client) ListApplicationTokens(ctx context.Context, o ListOptions) (*Page[api.ApplicationToken], error) {
	return list[api.ApplicationToken](ctx, c, tokensPath, o)
}

// AllApplicationTokens iterates over all pages of ListApplicationTokens.
func (c *Client) AllApplicationTokens(ctx context.Context, o ListOptions) iter.Seq2[api.ApplicationToken, error] {
	return all[api.ApplicationToken](ctx, c, tokensPath, o)
}

// CreateApplicationToken creates an application token, bound to the bearer's Workspace. The
// response is the only place that shows its text: with an idempotency key, a repetition returns
// an APIError with 409.
//
// Permission: Administrator of the Workspace. Errors: IsInvalid, which names the field.
func (c *Client) CreateApplicationToken(ctx context.Context, n NewApplicationToken, opts ...WriteOption) (string, error) {
	var body api.ApplicationTokenRequest
	if n.Description != "" {
		body.Description = &n.Description
	}
	if !n.Expires.IsZero() {
		expires := api.ExpiryTime(api.NewTime(n.Expires))
		body.ExpiryDate = &expires
	}
	if n.IP != "" {
		body.IP = &n.IP
	}
	got, err := one[api.ApplicationTokenResponse](ctx, c, call{method: http.MethodPost, path: tokensPath, body: body, header: headerOf(opts)})
	if err != nil {
		return "", err
	}
	return got.ApplicationToken, nil
}

// DescribeApplicationToken changes the description of a token.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound; IsInvalid.
func (c *Client) DescribeApplicationToken(ctx context.Context, id int64, description string, opts ...WriteOption) error {
	return c.patchToken(ctx, id, api.ApplicationTokenPatch{Description: &description}, opts)
}

// RevokeApplicationToken revokes a token and all bearers issued for it, with immediate effect.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound.
func (c *Client) RevokeApplicationToken(ctx context.Context, id int64, opts ...WriteOption) error {
	return c.patchToken(ctx, id, api.ApplicationTokenPatch{Status: api.Some(api.RefTo(1))}, opts)
}

func (c *Client) patchToken(ctx context.Context, id int64, body api.ApplicationTokenPatch, opts []WriteOption) error {
	_, err := c.do(ctx, call{
		method: http.MethodPatch, path: tokensPath + "/" + strconv.FormatInt(id, 10), body: body, header: headerOf(opts),
	})
	return err
}
