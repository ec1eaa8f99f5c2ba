package client

import (
	"context"
	"net/http"

	"github.com/simferry/simferry/api"
)

const (
	rulesPath     = "/api/v1/migration_rule"
	operatorRules = "/operator/v1/rule"
)

// Rules are rules of migrations, with the entity tag of those of the caller's Workspace.
type Rules struct {
	List []api.MigrationRule
	ETag string // for IfMatch; "" if the server has none
}

// Rules reads the rules of migrations: those of the installation, and those of the caller's
// Workspaces.
//
// Permission: any role in the Workspace.
func (c *Client) Rules(ctx context.Context) (*Rules, error) {
	return c.rules(ctx, call{method: http.MethodGet, path: rulesPath})
}

// SetRules replaces the rules of the caller's Workspace and returns them. A rule that is left out
// ends. IfMatch with the ETag of Rules keeps it from overwriting another person's change.
//
// Permission: Administrator of the Workspace. Errors: IsInvalid, which names the rule and the
// property; IsStale if the rules have changed.
func (c *Client) SetRules(ctx context.Context, r api.NewRules, opts ...WriteOption) (*Rules, error) {
	return c.rules(ctx, call{method: http.MethodPut, path: rulesPath, body: r, header: headerOf(opts)})
}

func (c *Client) rules(ctx context.Context, what call) (*Rules, error) {
	got, err := c.do(ctx, what)
	if err != nil {
		return nil, err
	}
	list, err := decode[[]api.MigrationRule](what, got)
	if err != nil {
		return nil, err
	}
	return &Rules{List: *list, ETag: got.header.Get("ETag")}, nil
}

// ApproveJob approves the plan of a job that waits for approval, if etag is the ETag of its
// plan.
//
// Permission: Administrator of a Workspace that the SIMs leave, and not the user who made the
// job. Errors: IsForbidden; IsStale for another plan; IsInUse if the job
// does not wait for approval.
func (c *Client) ApproveJob(ctx context.Context, id int64, etag string, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/approve", nil, append(opts, IfMatch(etag)))
}

// RejectJob ends a job that waits for approval.
//
// Permission and errors: those of ApproveJob.
func (c *Client) RejectJob(ctx context.Context, id int64, opts ...WriteOption) (*Job, error) {
	return c.writeJob(ctx, jobPath(id)+"/reject", nil, opts)
}

// Rules reads every rule of migrations.
func (o *Operator) Rules(ctx context.Context) ([]api.MigrationRule, error) { return rulesOf(ctx, o.c) }

func rulesOf(ctx context.Context, c *Client) ([]api.MigrationRule, error) {
	list, err := get[[]api.MigrationRule](ctx, c, operatorRules)
	if err != nil {
		return nil, err
	}
	return *list, nil
}

// WhatIf compares candidate rules of the installation with the present ones, over past migrations
// and over the fleet. It changes nothing, and can take minutes: the client's timeout must allow
// that. Errors: IsInvalid, which names the rule and the property; IsTooManyRequests while the
// server runs another one.
func (o *Operator) WhatIf(ctx context.Context, r api.WhatIfRequest) (*api.WhatIf, error) {
	return one[api.WhatIf](ctx, o.c, call{method: http.MethodPost, path: operatorRules + "/what_if", body: r})
}

// ApplyRules replaces the rules of the installation. Errors: IsInvalid, which names the rule and
// the property.
func (o *Operator) ApplyRules(ctx context.Context, r api.NewRules, opts ...WriteOption) ([]api.MigrationRule, error) {
	list, err := one[[]api.MigrationRule](ctx, o.c, call{method: http.MethodPut, path: operatorRules, body: r, header: headerOf(opts)})
	if err != nil {
		return nil, err
	}
	return *list, nil
}
