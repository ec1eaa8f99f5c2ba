package operator

import (
	"context"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// WithdrawOffer ends a pending offer between two Workspaces. Every SIM stays with the giver. The
// audit logs of both sides record it.
//
// Errors: NotFound; InUse if the offer has been answered, has ended, or has expired.
func (o Operator) WithdrawOffer(ctx context.Context, id fleet.OfferID) (ended fleet.Offer, err error) {
	err = o.update(ctx, func(tx *store.Tx) error {
		if ended, err = control.WithdrawOffer(ctx, tx, id); err != nil {
			return err
		}
		return o.audit(ctx, tx, fleet.AuditEntry{
			Action: fleet.AuditOfferWithdrawn, Subject: fleet.Subject("offer", ended.ID), Workspaces: []fleet.WorkspaceID{ended.Source.ID, ended.Target.ID},
			Detail: fleet.AuditDetail{SIMs: ended.SIMs, Target: ended.Target.ID, Status: string(ended.State)},
		})
	})
	return ended, err
}
