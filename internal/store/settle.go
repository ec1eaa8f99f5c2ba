package store

import (
	"context"
	"errors"
	"time"
)

// settleBatch is how many rows one transaction of settle takes.
const settleBatch = 1000

// settle runs the background jobs of a server, such as sealing SIMs and linking entries of the
// audit log, in the copy of a SQLite database. Otherwise fsck would report the pending work as
// damage.
func settle(ctx context.Context, file string) (err error) {
	db, err := openPool(inspectDSN(file))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	for _, duty := range []func(context.Context, *Tx) (int, error){
		func(ctx context.Context, tx *Tx) (int, error) { return tx.SealSIMs(ctx, settleBatch) },
		func(ctx context.Context, tx *Tx) (int, error) { return tx.LinkAudit(ctx, settleBatch) },
	} {
		for done := settleBatch; done == settleBatch; {
			err := inSQLTx(ctx, db, func(q querier) (err error) {
				tx := &Tx{q: q, d: SQLite, now: time.Now().UTC().Truncate(time.Microsecond)}
				done, err = duty(ctx, tx)
				return errors.Join(err, tx.failed)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
