package operator

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/store"
)

// Days of the ledger that a what-if reads.
const (
	DefaultWhatIfDays = 90
	MaxWhatIfDays     = 36500
)

// WhatIf is a question: what candidate rules of the installation would have decided.
type WhatIf struct {
	Rules []fleet.Rule
	Days  int       // of the ledger; 0 for DefaultWhatIfDays. The first day is a whole one (UTC)
	At    time.Time // when the rules must be valid; now if zero
	// Courteous makes the walk rest, so that it does not slow down the requests of a server.
	Courteous bool
	// Progress is called after each piece with how much is done, in percent; it may be nil.
	Progress func(percent int)
}

// CheckWhatIfDays refuses a number of days that cannot be read.
func CheckWhatIfDays(days int) error {
	if days < 1 || days > MaxWhatIfDays {
		return fleet.Invalid("days", "it must be 1 to %d", MaxWhatIfDays)
	}
	return nil
}

// WhatIf compares the candidate rules with the present ones, over the past migrations and the
// fleet. The rules of Workspaces belong to both. It writes nothing. It reads in small pieces, each
// a snapshot of its own: SIMs that move meanwhile may be counted before or after the move.
func (o Operator) WhatIf(ctx context.Context, q WhatIf) (fleet.WhatIfResult, error) {
	if q.Days == 0 {
		q.Days = DefaultWhatIfDays
	}
	if err := CheckWhatIfDays(q.Days); err != nil {
		return fleet.WhatIfResult{}, err
	}
	w := whatIfWalk{o: o, q: q}
	if err := w.begin(ctx); err != nil {
		return fleet.WhatIfResult{}, err
	}
	for _, walk := range []func(context.Context) error{w.ledger, w.fleet} {
		if err := walk(ctx); err != nil {
			return fleet.WhatIfResult{}, err
		}
	}
	r := w.run.Result()
	r.Since, r.Until = w.span.Since, w.now
	return r, nil
}

// whatIfWalk walks through the ledger and the fleet.
type whatIfWalk struct {
	o       Operator
	q       WhatIf
	now     time.Time
	span    store.LedgerSpan
	columns fleet.RuleColumns
	run     *fleet.WhatIf
}

func (w *whatIfWalk) begin(ctx context.Context) error {
	return w.o.read(ctx, func(tx *store.Tx) error {
		w.now = tx.Now()
		present, err := tx.RuleSet(ctx)
		if err != nil {
			return err
		}
		spaces, err := tx.AllWorkspaces(ctx)
		if err != nil {
			return err
		}
		since := w.now.Truncate(24*time.Hour).AddDate(0, 0, 1-w.q.Days)
		if w.span, err = tx.LedgerSpan(ctx, since); err != nil {
			return err
		}
		at := w.q.At
		if at.IsZero() {
			at = w.now
		}
		candidate := present.With(w.q.Rules)
		w.columns = fleet.Columns(present, candidate)
		w.run = fleet.NewWhatIf(present, candidate, w.now, at, spaces)
		return nil
	})
}

// Parts of the progress, in percent.
const (
	ledgerPart = 70
	wholePart  = 100
)

func (w *whatIfWalk) ledger(ctx context.Context) error {
	first := w.span.After
	for !w.span.Done() {
		var list []fleet.PastMigration
		var rest store.LedgerSpan
		err := w.piece(ctx, func(tx *store.Tx) (err error) {
			list, rest, err = tx.PastMigrations(ctx, w.span, w.columns)
			return err
		}, func() {
			for i := range list {
				w.run.Past(&list[i])
			}
		})
		if err != nil {
			return err
		}
		w.span = rest
		w.progress(ledgerPart * int(rest.After-first) / int(rest.Last-first))
	}
	return nil
}

func (w *whatIfWalk) fleet(ctx context.Context) error {
	for after := fleet.SIMID(0); after < w.span.LastSIM; {
		var list []fleet.SIMGroup
		var last fleet.SIMID
		err := w.piece(ctx, func(tx *store.Tx) (err error) {
			list, last, err = tx.FleetGroups(ctx, after, w.columns)
			return err
		}, func() {
			for _, g := range list {
				w.run.Fleet(g)
			}
		})
		if err != nil {
			return err
		}
		if last == 0 {
			break
		}
		after = last
		w.progress(min(ledgerPart+(wholePart-ledgerPart)*int(last)/int(w.span.LastSIM), wholePart))
	}
	return nil
}

func (w *whatIfWalk) progress(percent int) {
	if w.q.Progress != nil {
		w.q.Progress(percent)
	}
}

// restShare is the part of its working time that a courteous walk rests.
const restShare = 5

// piece reads a piece, judges it, and rests: as long as it has worked if others wait for the
// database, otherwise for a part of that.
func (w *whatIfWalk) piece(ctx context.Context, read func(*store.Tx) error, judge func()) error {
	began := time.Now()
	if err := w.o.read(ctx, read); err != nil {
		return err
	}
	judge()
	if !w.q.Courteous {
		return ctx.Err()
	}
	rest := time.Since(began) / restShare
	if w.o.store.OthersWait() {
		rest *= restShare
	}
	return limit.Wait(ctx, rest)
}
