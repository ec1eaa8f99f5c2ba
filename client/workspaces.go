package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/simferry/simferry/api"
)

// MyWorkspace reads the Workspace of the bearer.
//
// Permission: any role in it.
func (c *Client) MyWorkspace(ctx context.Context) (*api.Workspace, error) {
	return get[api.Workspace](ctx, c, "/api/v1/organisation/my")
}

// WorkspaceSettings reads the settings of the bearer's Workspace. Only Simferry has them.
//
// Permission: any role in the Workspace. Errors: IsNotFound from another server.
func (c *Client) WorkspaceSettings(ctx context.Context) (*api.WorkspaceSettings, error) {
	return get[api.WorkspaceSettings](ctx, c, "/api/v1/organisation/my/setting")
}

// SetWorkspaceSettings changes the settings of the bearer's Workspace that are given, and returns
// all of them.
//
// Permission: Administrator of the Workspace. Errors: IsForbidden, IsNotFound from another server.
func (c *Client) SetWorkspaceSettings(ctx context.Context, patch api.WorkspaceSettingsPatch, opts ...WriteOption) (*api.WorkspaceSettings, error) {
	return one[api.WorkspaceSettings](ctx, c, call{
		method: http.MethodPatch, path: "/api/v1/organisation/my/setting", header: headerOf(opts), body: patch,
	})
}

// WorkspaceStatuses lists the statuses that a Workspace can have.
//
// Permission: any role in the Workspace.
func (c *Client) WorkspaceStatuses(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, "/api/v1/organisation/status")
}

// User reads a user of the bearer's Workspace, by id or by e-mail address, with the roles held
// in it.
//
// Permission: any role in the Workspace. Errors: IsNotFound, also for users outside the
// Workspace.
func (c *Client) User(ctx context.Context, idOrEmail string) (*api.User, error) {
	return get[api.User](ctx, c, "/api/v1/user/"+url.PathEscape(idOrEmail))
}

// UserWorkspaces lists the Workspaces of a user, by id, in which the caller is Administrator.
// "my" is the caller, if the server supports it; Simferry does.
//
// Permission: any user. Errors: IsForbidden for an application token.
func (c *Client) UserWorkspaces(ctx context.Context, id string) ([]api.UserWorkspace, error) {
	return getList[api.UserWorkspace](ctx, c, "/api/v2/user/"+url.PathEscape(id)+"/workspace")
}

// Memberships lists the Workspaces of which the caller is a member, with the roles. Only
// Simferry has this operation.
//
// Permission: any user. Errors: IsForbidden for an application token; IsNotFound or IsInvalid
// from another server.
func (c *Client) Memberships(ctx context.Context) ([]api.UserWorkspace, error) {
	return getList[api.UserWorkspace](ctx, c, "/api/v2/user/my/membership")
}

// Roles lists the roles that a user can hold in a Workspace.
//
// Permission: any role in the Workspace.
func (c *Client) Roles(ctx context.Context) ([]api.NamedRef, error) {
	return getList[api.NamedRef](ctx, c, "/api/v1/user/role")
}

// UserStatuses lists the statuses that a user can have.
//
// Permission: any role in the Workspace.
func (c *Client) UserStatuses(ctx context.Context) ([]api.Ref, error) {
	return getList[api.Ref](ctx, c, "/api/v1/user/status")
}

// Countries lists the countries that a Workspace can be in.
//
// Permission: any role in the Workspace.
func (c *Client) Countries(ctx context.Context) ([]api.Country, error) {
	return getList[api.Country](ctx, c, "/api/v1/country")
}
