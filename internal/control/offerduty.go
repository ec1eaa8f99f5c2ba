package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// TendOffers ends the offers whose time is over, and reminds the receivers of the others. The
// server calls it every second; several servers may. A server whose clock is wrong does nothing: it
// would end offers too early.
func (c *Control) TendOffers(ctx context.Context) error {
	if c.store.ClockWorks() != nil {
		return nil //nolint:nilerr // CheckClock logs it
	}
	for more := true; more && ctx.Err() == nil; {
		due := false
		err := c.store.Read(ctx, func(tx *store.Tx) (err error) {
			due, err = tx.OfferDue(ctx)
			return err
		})
		if err != nil || !due {
			return err
		}
		err = c.store.Update(ctx, func(tx *store.Tx) (err error) {
			more, err = c.tendOffer(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tendOffer does what is due for one offer; more is false if there is none. If several reminders
// are due, the receiver gets only the last one.
func (c *Control) tendOffer(ctx context.Context, tx *store.Tx) (more bool, err error) {
	o, found, err := tx.DueOffer(ctx)
	if err != nil || !found {
		return false, err
	}
	switch {
	case o.State != fleet.OfferPending: // its job ends it
		o.NextAt = time.Time{}
		return true, tx.SaveOffer(ctx, o)
	case !o.ExpiredAt(tx.Now()):
		for !o.NextAt.After(tx.Now()) {
			o.Reminders++
			o.NextAt = o.NextLook()
		}
		if err := tx.SaveOffer(ctx, o); err != nil || c.noReminders {
			return true, err
		}
		return true, notifyReceiver(ctx, tx, o, o.Reminders)
	}
	if o, err = closeOffer(ctx, tx, o, 0, "the offer expired", fleet.OfferExpired); err != nil {
		return false, err
	}
	return true, auditOtherSide(ctx, tx, 0, fleet.AuditOfferExpired, o, o.SIMs)
}
