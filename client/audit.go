package client

import (
	"context"
	"iter"

	"github.com/simferry/simferry/api"
)

const auditPath = "/api/v1/audit"

// ListAudit reads one page of the audit log of the bearer's Workspace, the latest first
// unless sorted otherwise; 100 on a page unless asked otherwise. The audit log is
// Simferry's own; other servers answer 404.
//
// Permission: Administrator of the Workspace, no application token. Errors: IsInvalid for an
// unknown field.
func (c *Client) ListAudit(ctx context.Context, o ListOptions) (*Page[api.AuditEntry], error) {
	return list[api.AuditEntry](ctx, c, auditPath, o)
}

// AllAudit walks over all pages of ListAudit, one request per page. It ends with the first
// error.
func (c *Client) AllAudit(ctx context.Context, o ListOptions) iter.Seq2[api.AuditEntry, error] {
	return all[api.AuditEntry](ctx, c, auditPath, o)
}
