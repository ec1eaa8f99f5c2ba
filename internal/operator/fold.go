package operator

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/store"
)

// Fold adds the changes in numbers of SIMs, and new events, audit entries and migrations to the
// counts, which keep totals cheap to read. It also links new entries of the audit log into its
// chain, and seals SIMs without a seal. The server calls it every second; several servers may.
func (o Operator) Fold(ctx context.Context) error {
	o.c.WriteLeftOut(ctx, false)
	return errors.Join(o.foldTally(ctx), o.foldLists(ctx), o.foldAudit(ctx), o.sealSIMs(ctx))
}

// LastFold is Fold when a server stops: it also writes the refusals that were only counted so far
// to the audit log.
func (o Operator) LastFold(ctx context.Context) error {
	o.c.WriteLeftOut(ctx, true)
	return o.foldAudit(ctx)
}

// linkBatch is how many entries one transaction links, or how many SIMs it seals: SQLite has
// one writer at a time.
const linkBatch = 1000

func (o Operator) foldAudit(ctx context.Context) error {
	for {
		unlinked, linked := false, 0
		err := o.store.Read(ctx, func(tx *store.Tx) (err error) {
			unlinked, err = tx.AuditUnlinked(ctx)
			return err
		})
		if err == nil && unlinked {
			err = o.store.Update(ctx, func(tx *store.Tx) (err error) {
				linked, err = tx.LinkAudit(ctx, linkBatch)
				return err
			})
		}
		if err != nil || linked < linkBatch {
			return err
		}
	}
}

func (o Operator) foldTally(ctx context.Context) error {
	changed := false
	err := o.store.Read(ctx, func(tx *store.Tx) (err error) {
		changed, err = tx.TallyChanged(ctx)
		return err
	})
	if err != nil || !changed {
		return err
	}
	return o.store.Update(ctx, func(tx *store.Tx) error { return tx.FoldTally(ctx) })
}

func (o Operator) foldLists(ctx context.Context) error {
	for {
		if more, err := o.store.FoldLists(ctx, 0); err != nil || !more {
			return err
		}
	}
}

// sealSIMs seals the SIMs that earlier versions imported.
func (o Operator) sealSIMs(ctx context.Context) error {
	for {
		unsealed, sealed := false, 0
		err := o.store.Read(ctx, func(tx *store.Tx) (err error) {
			unsealed, err = tx.SIMsUnsealed(ctx)
			return err
		})
		if err == nil && unsealed {
			err = o.store.Update(ctx, func(tx *store.Tx) (err error) {
				sealed, err = tx.SealSIMs(ctx, linkBatch)
				return err
			})
		}
		if err != nil || sealed < linkBatch {
			return err
		}
	}
}
