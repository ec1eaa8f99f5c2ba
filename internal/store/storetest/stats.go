package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var statCases = []testCase{
	{"Transactions", countedTransactions},
	{"Database", databaseStats},
}

// Each outcome of a transaction is counted once, however many attempts it takes.
func countedTransactions(e *env) {
	before := e.s.Stats()
	runs := 0
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if runs++; runs == 1 {
			return store.ErrRaced
		}
		return addCarrier(ctx, tx)
	})
	_ = e.tryUpdate(func(context.Context, *store.Tx) error { return errors.New("a rule refuses") })
	_ = e.tryUpdate(func(context.Context, *store.Tx) error { return store.ErrRaced })
	after := e.s.Stats()
	for outcome, want := range map[string]uint64{"committed": 1, "rolled_back": 1, "failed": 1} {
		key := [2]string{"update", outcome}
		e.equal(outcome, after.Transactions[key]-before.Transactions[key], want)
	}
	if n := after.Retries["busy"] - before.Retries["busy"]; n < 2 || n > 20 {
		e.Errorf("%d retries", n)
	}
}

// A job counts as waiting from when it is due, and a mail from when it was written.
func databaseStats(e *env) {
	read := func() store.DatabaseStats {
		f, err := e.s.DatabaseStats(e.Context())
		if err != nil {
			e.Fatal(err)
		}
		return f
	}
	if f := read(); len(f.Jobs) != 0 || f.JobsWait != 0 || f.Mails != 0 || f.MailsSince != 0 {
		e.Errorf("an empty database has %+v", f)
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertMail(ctx, fleet.Mail{UID: "1", Recipient: "zoe@example.com", Expires: start.Add(time.Hour)}); err != nil {
			return err
		}
		_, err := tx.InsertJob(ctx, fleet.Job{Kind: fleet.JobMigration, State: fleet.JobPlanning, User: 1, Workspace: 1})
		return err
	})
	e.clock.advance(time.Minute)
	f := read()
	e.equal("planning jobs", f.Jobs["planning"], 1)
	e.equal("wait of the job", f.JobsWait, time.Minute)
	e.equal("mails", f.Mails, 1)
	e.equal("age of the mail", f.MailsSince, time.Minute)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.ClaimJob(ctx, "a server")
		return err
	})
	e.equal("wait of a job that a server works on", read().JobsWait, time.Duration(0))
}
