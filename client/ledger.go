package client

import (
	"context"
	"iter"
	"strconv"

	"github.com/simferry/simferry/api"
)

const ledgerPath = "/api/v1/migration"

// Migrations reads one page of the ledger, latest first by default: the migrations from and
// into Workspaces of which the caller is a member, without their SIMs. The ledger is an
// addition of Simferry; other servers return 404. ListOptions.Filter takes id, timestamp, from,
// until, user, source_workspace, target_workspace, sim, iccid, iccid_with_luhn and reference, as
// in "iccid:8988303000000000012,from:2026-11-01".
//
// Permission: any role in the Workspace. Errors: IsInvalid for an unknown field.
func (c *Client) Migrations(ctx context.Context, o ListOptions) (*Page[api.Migration], error) {
	return list[api.Migration](ctx, c, ledgerPath, o)
}

// AllMigrations iterates over all pages of Migrations, one request per page. It stops at the
// first error.
func (c *Client) AllMigrations(ctx context.Context, o ListOptions) iter.Seq2[api.Migration, error] {
	return all[api.Migration](ctx, c, ledgerPath, o)
}

// Migration reads one entry of the ledger, with each SIM before and after.
//
// Permission: any role in a source or in the target. Errors: IsNotFound, also for an entry
// of other Workspaces.
func (c *Client) Migration(ctx context.Context, id int64) (*api.Migration, error) {
	return get[api.Migration](ctx, c, ledgerPath+"/"+strconv.FormatInt(id, 10))
}
