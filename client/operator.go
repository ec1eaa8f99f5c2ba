package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/simferry/simferry/api"
)

// Operator calls the operator API, which has its own listener and tokens. Use NewOperator to
// create one. Its errors are those of a Client.
type Operator struct{ c *Client }

// NewOperator returns a client of the operator API at baseURL, such as http://127.0.0.1:8081,
// with an operator token. It sends nothing.
func NewOperator(baseURL, token string, opts ...Option) (*Operator, error) {
	c, err := New(baseURL, append(slices.Clone(opts), WithBearer(token))...)
	if err != nil {
		return nil, err
	}
	return &Operator{c}, nil
}

const (
	operatorWorkspaces = "/operator/v1/workspace"
	operatorUsers      = "/operator/v1/user"
)

// Workspaces iterates over all Workspaces.
func (o *Operator) Workspaces(ctx context.Context, l ListOptions) iter.Seq2[api.OperatorWorkspace, error] {
	return all[api.OperatorWorkspace](ctx, o.c, operatorWorkspaces, l)
}

// Workspace reads one Workspace. Errors: IsNotFound.
func (o *Operator) Workspace(ctx context.Context, id int64) (*api.OperatorWorkspace, error) {
	return get[api.OperatorWorkspace](ctx, o.c, operatorWorkspaces+"/"+number(id))
}

// CreateWorkspace creates a Workspace. Without an id, an idempotency key prevents a retry from
// creating another one. Errors: IsInvalid, which names the property; APIError with 409 if the
// id is taken.
func (o *Operator) CreateWorkspace(ctx context.Context, w api.OperatorNewWorkspace, opts ...WriteOption) (*api.OperatorWorkspace, error) {
	return one[api.OperatorWorkspace](ctx, o.c, call{method: http.MethodPost, path: operatorWorkspaces, body: w, header: headerOf(opts)})
}

// ChangeWorkspace changes only the properties in the patch. Errors: IsNotFound; IsInvalid;
// IsInUse if its SIMs forbid the change.
func (o *Operator) ChangeWorkspace(ctx context.Context, id int64, p api.OperatorWorkspacePatch, opts ...WriteOption) (*api.OperatorWorkspace, error) {
	return one[api.OperatorWorkspace](ctx, o.c, call{
		method: http.MethodPatch, path: operatorWorkspaces + "/" + number(id), body: p, header: headerOf(opts),
	})
}

// Users iterates over all users.
func (o *Operator) Users(ctx context.Context, l ListOptions) iter.Seq2[api.OperatorUser, error] {
	return all[api.OperatorUser](ctx, o.c, operatorUsers, l)
}

// User reads one user, by id or e-mail address. Errors: IsNotFound.
func (o *Operator) User(ctx context.Context, idOrEmail string) (*api.OperatorUser, error) {
	return get[api.OperatorUser](ctx, o.c, userPath(idOrEmail))
}

// CreateUser creates a user, who cannot sign in before SetPassword. Errors: IsInvalid; APIError
// with 409 if the username is taken.
func (o *Operator) CreateUser(ctx context.Context, u api.OperatorNewUser, opts ...WriteOption) (*api.OperatorUser, error) {
	return one[api.OperatorUser](ctx, o.c, call{method: http.MethodPost, path: operatorUsers, body: u, header: headerOf(opts)})
}

// ChangeUser changes only the properties in the patch. Errors: IsNotFound; IsInvalid; IsInUse
// if the user could no longer sign in.
func (o *Operator) ChangeUser(ctx context.Context, idOrEmail string, p api.OperatorUserPatch, opts ...WriteOption) (*api.OperatorUser, error) {
	return one[api.OperatorUser](ctx, o.c, call{
		method: http.MethodPatch, path: userPath(idOrEmail), body: p, header: headerOf(opts),
	})
}

// SetPassword sets a user's password, given in plain text, and ends every session of the user.
// Errors: IsNotFound; IsInvalid.
func (o *Operator) SetPassword(ctx context.Context, idOrEmail, password string) error {
	_, err := o.c.do(ctx, call{
		method: http.MethodPut, path: userPath(idOrEmail) + "/password", body: api.OperatorNewPassword{Password: &password}, repeat: true,
	})
	return err
}

// UnlockUser resets the failed sign-ins of a user. If the address is not "", failures from it
// count separately for 24 hours. Errors: IsNotFound; IsInvalid.
func (o *Operator) UnlockUser(ctx context.Context, idOrEmail, address string) error {
	var body api.OperatorUnlock
	if address != "" {
		body.Address = &address
	}
	_, err := o.c.do(ctx, call{method: http.MethodPost, path: userPath(idOrEmail) + "/unlock", body: body, repeat: true})
	return err
}

// ResetSecondFactor removes a lost second factor. Errors: IsNotFound, also if there is none.
func (o *Operator) ResetSecondFactor(ctx context.Context, idOrEmail string) error {
	_, err := o.c.do(ctx, call{method: http.MethodDelete, path: userPath(idOrEmail) + "/mfa"})
	return err
}

// SetRole gives a user exactly this role in a Workspace. Errors: IsNotFound; IsInvalid.
func (o *Operator) SetRole(ctx context.Context, idOrEmail string, workspace, role int64) (*api.OperatorUser, error) {
	return one[api.OperatorUser](ctx, o.c, call{
		method: http.MethodPut, path: userPath(idOrEmail) + "/workspace/" + number(workspace),
		body: api.OperatorNewRole{Role: api.Some(api.RefTo(role))}, repeat: true,
	})
}

// RemoveRole removes a user from a Workspace. Errors: IsNotFound; IsInUse for the only role.
func (o *Operator) RemoveRole(ctx context.Context, idOrEmail string, workspace int64) error {
	_, err := o.c.do(ctx, call{method: http.MethodDelete, path: userPath(idOrEmail) + "/workspace/" + number(workspace)})
	return err
}

// ImportSIMs imports a CSV list, completely or not at all. workspace is the Workspace of lines
// that name none, 0 for no default. A large list needs WithHTTPClient with a longer timeout.
// Errors: IsInvalid with one problem per bad line.
func (o *Operator) ImportSIMs(ctx context.Context, list []byte, workspace int64, opts ...WriteOption) (*api.OperatorImported, error) {
	path := "/operator/v1/sim/import"
	if workspace != 0 {
		path += "?workspace=" + number(workspace)
	}
	return one[api.OperatorImported](ctx, o.c, call{method: http.MethodPost, path: path, body: csv(list), header: headerOf(opts)})
}

// CreateApplicationToken creates an application token; its text is shown only in this response.
// Errors: IsNotFound for the Workspace; IsInvalid.
func (o *Operator) CreateApplicationToken(ctx context.Context, t api.OperatorNewToken) (string, error) {
	got, err := one[api.ApplicationTokenResponse](ctx, o.c, call{method: http.MethodPost, path: "/operator/v1/application_token", body: t})
	if err != nil {
		return "", err
	}
	return got.ApplicationToken, nil
}

func userPath(idOrEmail string) string { return operatorUsers + "/" + url.PathEscape(idOrEmail) }

func number(id int64) string { return strconv.FormatInt(id, 10) }
