package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/simferry/simferry/api"
)

// Batch reads the SIMs that the code of a batch would bring into the bearer's Workspace.
//
// Permission: any role in the Workspace. Errors: IsInvalid for a code that is unknown or
// was used; IsTooManyRequests after many of those.
func (c *Client) Batch(ctx context.Context, bic string) ([]api.SIM, error) {
	got, err := get[api.Batch](ctx, c, batchPath(bic))
	if err != nil {
		return nil, err
	}
	return got.SIMs, nil
}

// RegisterBatch moves the SIMs of a batch into the bearer's Workspace and answers them as
// they are then. status is SIMActivated to activate them, SIMIssued to leave them as they
// are.
//
// Permission: User or Administrator in the Workspace. Errors: those of Batch;
// *ConflictError where the rules of a migration forbid it.
func (c *Client) RegisterBatch(ctx context.Context, bic string, status int64, opts ...WriteOption) ([]api.SIM, error) {
	got, err := one[api.Batch](ctx, c, call{
		method: http.MethodPatch, path: batchPath(bic), header: written(opts),
		body: api.BatchRegistration{SIMStatus: api.Some(api.RefTo(status))},
	})
	if err != nil {
		return nil, err
	}
	return got.SIMs, nil
}

func batchPath(bic string) string { return "/api/v1/sim_batch/bic/" + url.PathEscape(bic) }
