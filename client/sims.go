package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"github.com/simferry/simferry/api"
)

// The statuses of a SIM, as its Status.ID.
const (
	SIMIssued      int64 = 0
	SIMActivated   int64 = 1
	SIMSuspended   int64 = 2
	SIMDeleted     int64 = 3
	SIMFactoryTest int64 = 4
)

const simsPath = "/api/v1/sim"

// ListSIMs reads one page of the SIMs of the bearer's Workspace, sorted by id by default; 2,000
// per page by default, 2,500 at most.
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) ListSIMs(ctx context.Context, o ListOptions) (*Page[api.SIM], error) {
	return list[api.SIM](ctx, c, simsPath, o)
}

// AllSIMs iterates over all pages of ListSIMs, one request per page. It stops at the first
// error.
func (c *Client) AllSIMs(ctx context.Context, o ListOptions) iter.Seq2[api.SIM, error] {
	return all[api.SIM](ctx, c, simsPath, o)
}

// SIM reads one SIM.
//
// Permission: any role in the Workspace. Errors: IsNotFound, also for a SIM of another
// Workspace.
func (c *Client) SIM(ctx context.Context, id int64) (*api.SIM, error) {
	return get[api.SIM](ctx, c, simPath(id))
}

// SIMHistory reads where a SIM has been, the first Workspace first. Other servers than Simferry
// return IsNotFound.
//
// Permission: any role in the Workspace. Errors: those of SIM.
func (c *Client) SIMHistory(ctx context.Context, id int64) (*api.SIMHistory, error) {
	return get[api.SIMHistory](ctx, c, simPath(id)+"/history")
}

// SetSIMStatus changes the status of a SIM: Issued to Activated or Factory Test, Factory Test
// to Activated, Activated to Suspended and back. Use one of the SIM constants.
//
// Permission: User or Administrator in the Workspace. Errors: IsInvalid for a transition that
// is not allowed; IsNotFound; IsForbidden.
func (c *Client) SetSIMStatus(ctx context.Context, id, status int64, opts ...WriteOption) error {
	_, err := c.do(ctx, call{
		method: http.MethodPatch, path: simPath(id), header: headerOf(opts), body: api.SIMPatch{Status: api.Some(api.RefTo(status))},
	})
	return err
}

// PatchSIM changes any subset of the status and the owners of a SIM; values that the SIM
// already has have no effect. A CustomerOrg of null returns it to its issuer. It returns the
// path of the ledger entry if the SIM has moved, else "".
//
// Permission: as SetSIMStatus; for the owners Administrator or application token of the
// Workspace that issued the SIM. Errors: those of SetSIMStatus; IsNotFound for a Workspace that
// is not a child of the issuer; *ConflictError if the rules of a migration forbid the move.
func (c *Client) PatchSIM(ctx context.Context, id int64, patch api.SIMPatch, opts ...WriteOption) (entry string, err error) {
	got, err := c.do(ctx, call{method: http.MethodPatch, path: simPath(id), header: headerOf(opts), body: patch})
	if err != nil {
		return "", err
	}
	return got.header.Get("Location"), nil
}

// DeleteSIM deletes a SIM. Its ICCID may be imported again, as another SIM.
//
// Permission: User or Administrator in the Workspace. Errors: IsNotFound; an *APIError with
// status 409 if it is in a device.
func (c *Client) DeleteSIM(ctx context.Context, id int64, opts ...WriteOption) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: simPath(id), header: headerOf(opts)})
	return err
}

// DeleteSIMs deletes up to 2000 SIMs, all of them or none.
//
// Permission and errors: those of DeleteSIM, with one problem per SIM concerned.
func (c *Client) DeleteSIMs(ctx context.Context, ids []int64, opts ...WriteOption) error {
	refs := make([]api.IDRef, len(ids))
	for i, id := range ids {
		refs[i] = api.RefTo(id)
	}
	_, err := c.do(ctx, call{method: http.MethodDelete, path: simsPath + "/multi", header: headerOf(opts), body: refs})
	return err
}

// SIMStatuses lists the statuses that a SIM can have.
//
// Permission: any role in the Workspace.
func (c *Client) SIMStatuses(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, simsPath+"/status")
}

func simPath(id int64) string { return simsPath + "/" + strconv.FormatInt(id, 10) }

func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	return one[T](ctx, c, call{method: http.MethodGet, path: path})
}

// getList reads a list without pages.
func getList[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	items, err := get[[]T](ctx, c, path)
	if err != nil {
		return nil, err
	}
	return *items, nil
}
