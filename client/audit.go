package client

import (
	"context"
	"iter"

	"github.com/simferry/simferry/api"
)

const auditPath = "/api/v1/audit"

// ListAudit reads one page of the audit log of the bearer's Workspace, latest first by default;
// 100 per page by default. The audit log is an addition of Simferry; other servers return 404.
//
// Permission: Administrator of the Workspace, as a user. Errors: IsInvalid for an unknown
// field.
func (c *Client) ListAudit(ctx context.Context, o ListOptions) (*Page[api.AuditEntry], error) {
	return list[api.AuditEntry](ctx, c, auditPath, o)
}

// AllAudit iterates over all pages of ListAudit, one request per page. It stops at the first
// error.
func (c *Client) AllAudit(ctx context.Context, o ListOptions) iter.Seq2[api.AuditEntry, error] {
	return all[api.AuditEntry](ctx, c, auditPath, o)
}
