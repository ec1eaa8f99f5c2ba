package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/simferry/simferry/api"
)

const usersPath = "/api/v1/user"

// ListUsers reads one page of the users of the bearer's Workspace.
//
// Permission: any role in the Workspace.
func (c *Client) ListUsers(ctx context.Context, o ListOptions) (*Page[api.User], error) {
	return list[api.User](ctx, c, usersPath, o)
}

// AllUsers iterates over all pages of ListUsers.
func (c *Client) AllUsers(ctx context.Context, o ListOptions) iter.Seq2[api.User, error] {
	return all[api.User](ctx, c, usersPath, o)
}

// Permissions lists the permissions of a user, by id, e-mail address or "my", in the bearer's
// Workspace.
//
// Permission: any user for themselves, else any role in the Workspace. Errors: IsNotFound.
func (c *Client) Permissions(ctx context.Context, user string) ([]api.Permission, error) {
	return getList[api.Permission](ctx, c, usersPath+"/"+url.PathEscape(user)+"/role/permission")
}

// RenameUser changes the name of a user, or of the caller ("my").
//
// Permission: any user for themselves, else Administrator of every Workspace of the user.
// Errors: IsNotFound; IsForbidden; IsInvalid.
func (c *Client) RenameUser(ctx context.Context, user, name string, opts ...WriteOption) error {
	return c.write(ctx, http.MethodPatch, usersPath+"/"+url.PathEscape(user), api.UserPatch{Name: &name}, opts)
}

// SuspendMember suspends a user in one Workspace, with immediate effect; ActivateMember
// reverses it.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound; IsForbidden for the caller;
// an APIError with 409 for the last Administrator.
func (c *Client) SuspendMember(ctx context.Context, user string, workspace int64, opts ...WriteOption) error {
	return c.setMember(ctx, user, workspace, 2, opts)
}

// ActivateMember makes a user active in a Workspace again.
//
// Permission and errors: as for SuspendMember.
func (c *Client) ActivateMember(ctx context.Context, user string, workspace int64, opts ...WriteOption) error {
	return c.setMember(ctx, user, workspace, 1, opts)
}

func (c *Client) setMember(ctx context.Context, user string, workspace, status int64, opts []WriteOption) error {
	return c.write(ctx, http.MethodPatch, memberPath(user, workspace), api.MemberPatch{Status: api.Some(api.RefTo(status))}, opts)
}

// RemoveMember removes a user from a Workspace. A user without another Workspace is deleted.
//
// Permission and errors: as for SuspendMember.
func (c *Client) RemoveMember(ctx context.Context, user string, workspace int64, opts ...WriteOption) error {
	return c.write(ctx, http.MethodDelete, memberPath(user, workspace), nil, opts)
}

// GiveRole gives a user a role in a Workspace: 1 Administrator, 2 User, 3 Observer.
//
// Permission: Administrator of the Workspace. Errors: IsNotFound; IsInvalid for the caller;
// IsForbidden for a role that only the operator can give.
func (c *Client) GiveRole(ctx context.Context, user string, workspace, role int64, opts ...WriteOption) error {
	return c.write(ctx, http.MethodPut, rolePath(user, workspace, role), nil, opts)
}

// TakeRole removes a role from a user.
//
// Permission and errors: as for GiveRole; an APIError with 409 for the last role, and for the
// last Administrator.
func (c *Client) TakeRole(ctx context.Context, user string, workspace, role int64, opts ...WriteOption) error {
	return c.write(ctx, http.MethodDelete, rolePath(user, workspace, role), nil, opts)
}

// SetDefaultWorkspace sets the Workspace of the caller's sign-ins.
//
// Permission: any user. Errors: IsForbidden for a Workspace that the caller does not belong to.
func (c *Client) SetDefaultWorkspace(ctx context.Context, workspace int64, opts ...WriteOption) error {
	return c.write(ctx, http.MethodPut, "/api/v2/user/my/default_organisation/"+strconv.FormatInt(workspace, 10), nil, opts)
}

// write performs a call without a response body.
func (c *Client) write(ctx context.Context, method, path string, body any, opts []WriteOption) error {
	_, err := c.do(ctx, call{method: method, path: path, body: body, header: headerOf(opts)})
	return err
}

func memberPath(user string, workspace int64) string {
	return "/api/v2/user/" + url.PathEscape(user) + "/workspace/" + strconv.FormatInt(workspace, 10)
}

func rolePath(user string, workspace, role int64) string {
	return memberPath(user, workspace) + "/role/" + strconv.FormatInt(role, 10)
}
