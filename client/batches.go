package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/simferry/simferry/api"
)

// Batch reads the batch that would be registered by a code.
//
// Permission: any role in the Workspace. Errors: IsNotFound for an unknown code; IsInvalid for
// a batch that is already registered, or has SIMs of another Workspace; IsTooManyRequests after
// many of those.
func (c *Client) Batch(ctx context.Context, bic string) (*api.BatchInfo, error) {
	return get[api.BatchInfo](ctx, c, batchPath(bic))
}

// RegisterBatch moves the SIMs of a batch into the bearer's Workspace and returns them. status
// is SIMActivated to activate them, SIMFactoryTest to test them, or SIMIssued to keep their
// status.
//
// Permission: User or Administrator in the Workspace. Errors: IsInvalid if Batch would refuse
// the code; *ConflictError if the rules of a migration forbid it.
func (c *Client) RegisterBatch(ctx context.Context, bic string, status int64, opts ...WriteOption) ([]api.SIM, error) {
	got, err := one[api.Batch](ctx, c, call{
		method: http.MethodPatch, path: batchPath(bic), header: headerOf(opts),
		body: api.BatchRegistration{SIMStatus: api.Some(api.RefTo(status))},
	})
	if err != nil {
		return nil, err
	}
	return got.SIMs, nil
}

func batchPath(bic string) string { return "/api/v1/sim_batch/bic/" + url.PathEscape(bic) }
