package client

import (
	"context"
	"net/http"
)

// Healthy checks the server's process; nil means healthy. It sends one request, without retries
// and without a bearer.
func (c *Client) Healthy(ctx context.Context) error { return c.probe(ctx, "/healthz") }

// Ready checks the server; nil means that its database is available and has the right schema.
// It sends one request, without retries and without a bearer.
//
// Errors: IsUnavailable, with the reason as its message.
func (c *Client) Ready(ctx context.Context) error { return c.probe(ctx, "/readyz") }

func (c *Client) probe(ctx context.Context, path string) error {
	_, err := c.as(nil).do(ctx, call{method: http.MethodGet, path: path, probe: true})
	return err
}
