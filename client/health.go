package client

import (
	"context"
	"net/http"
)

// Healthy tells whether the server's process answers: nil where it does. It is asked once,
// without retries and without a bearer.
func (c *Client) Healthy(ctx context.Context) error { return c.probe(ctx, "/healthz") }

// Ready tells whether the server can serve: nil where its database answers and has the
// right schema. It is asked once, without retries and without a bearer.
//
// Errors: IsUnavailable, with the reason as its message.
func (c *Client) Ready(ctx context.Context) error { return c.probe(ctx, "/readyz") }

func (c *Client) probe(ctx context.Context, path string) error {
	_, err := c.as(nil).do(ctx, call{method: http.MethodGet, path: path, probe: true})
	return err
}
