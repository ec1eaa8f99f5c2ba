package operator

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	mailLease    = 2 * time.Minute // longer than a server waits for the mail server
	mailAttempts = 12
	longestDelay = time.Hour
)

// NextMail claims a mail that is due; no other server gets it for two minutes. found is false
// if there is none. A mail whose delivery is uncertain is sent again: each is delivered at
// least once. A server whose clock is wrong claims none: it would give up mails that have not
// expired.
func (o Operator) NextMail(ctx context.Context) (m fleet.Mail, found bool, err error) {
	if o.store.ClockWorks() != nil { // CheckClock logs it
		return m, false, nil
	}
	for {
		drop := false
		err = o.store.Update(ctx, func(tx *store.Tx) error {
			if m, found, err = tx.NextMail(ctx, mailLease); err == nil && !found {
				m, found, err = tx.NextNotice(ctx, mailLease)
			}
			if err != nil || !found {
				return err
			}
			drop, err = addressed(ctx, tx, &m)
			if err != nil || !drop {
				return err
			}
			return tx.EndMail(ctx, m, !drop)
		})
		if err != nil || !drop {
			return m, found, err
		}
	}
}

// addressed completes a mail before it is sent. drop reports that it must not be sent. The key
// of a password reset is made here and not when the reset is requested, so that the time of
// that request does not show whether the user exists.
func addressed(ctx context.Context, tx *store.Tx, m *fleet.Mail) (drop bool, err error) {
	if !tx.Now().Before(m.Expires) || m.Attempts > mailAttempts {
		return true, nil
	}
	if m.Kind == fleet.MailNotice {
		return control.WriteNotice(ctx, tx, m)
	}
	if m.Kind != fleet.MailReset || m.Secret != "" {
		return false, nil
	}
	user, found, err := tx.UserByName(ctx, m.Recipient)
	if err != nil || !found || user.Status != fleet.UserActive {
		return true, err
	}
	secret, hash := identity.NewSecret()
	m.Secret, m.Name, m.Expires = secret, user.Name, tx.Now().Add(control.ResetTTL)
	err = tx.InsertActivationKey(ctx, store.ActivationKey{
		Hash: hash, Kind: store.KeyReset, User: user.ID, Epoch: user.Epoch, Expires: m.Expires,
	})
	if err != nil {
		return false, err
	}
	return false, tx.SetMailSecret(ctx, *m)
}

// MailDone records the result of an attempt: delivered (err nil), to be tried again after a
// growing delay, or given up, if the error is final or this was the last attempt. The key of a
// delivered or given-up mail is deleted.
func (o Operator) MailDone(ctx context.Context, m fleet.Mail, failed error, final bool) error {
	return o.store.Update(ctx, func(tx *store.Tx) error {
		if failed == nil || final || m.Attempts >= mailAttempts {
			return tx.EndMail(ctx, m, failed == nil)
		}
		delay := min(time.Minute<<(m.Attempts-1), longestDelay)
		return tx.DelayMail(ctx, m, tx.Now().Add(delay))
	})
}
