package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// tallyCases compare the totals and pages of the tally with counting and skipping: the same
// list with an additional filter that the tally does not support.
var tallyCases = []testCase{
	{"agrees with counting", func(e *env) {
		e.fleet()
		e.update(manySIMs)
		e.compareTally("imported")
		e.move(7)
		e.compareTally("moved")
		e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
		e.compareTally("folded")
		e.move(11)
		e.compareTally("moved again")
		e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
		e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
		e.compareTally("folded twice")
		e.update(stockSIMs)
		e.compareTally("stock imported")
		e.alterSome(fleet.LedgerStatus, 3, func(s *fleet.SIMState) { s.Status = fleet.SIMDeleted })
		e.compareTally("deleted")
		e.alterSome(fleet.LedgerMigration, 5, func(s *fleet.SIMState) { s.Workspace = FleetAT })
		e.compareTally("stock moved out")
		e.alterSome(fleet.LedgerMigration, 7, func(s *fleet.SIMState) { s.Workspace = Resale })
		e.compareTally("stock moved in")
		e.changeOwners(9)
		e.compareTally("owners changed")
		e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
		e.compareTally("all folded")
	}},
}

const (
	manyFirst = fleet.SIMID(5_000)
	many      = 5_000 // over several blocks of 1,024 ids
)

func manySIMs(ctx context.Context, tx *store.Tx) error {
	sims := make([]fleet.SIM, many)
	for i := range sims {
		sims[i] = plain(manyFirst+fleet.SIMID(i), FleetDE)
		sims[i].Status = []fleet.SIMStatus{fleet.SIMIssued, fleet.SIMSuspended}[i%2]
	}
	added, err := tx.InsertSIMs(ctx, sims)
	if err != nil {
		return err
	}
	return tx.InsertImport(ctx, "many", added)
}

// move migrates 400 SIMs, each step apart, to the other fleet.
func (e *env) move(step int) {
	e.Helper()
	ids := make([]fleet.SIMID, 400)
	for i := range ids {
		ids[i] = manyFirst + fleet.SIMID(i*step)
	}
	req := fleet.MigrationRequest{Target: FleetAT, Select: fleet.Selector{SIMs: ids}}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		snap, err := tx.Snapshot(ctx, store.Caller{User: Super, SuperAdmin: true}, req, true)
		if err != nil {
			return err
		}
		c := store.Change{UID: uuid.NewString(), Kind: fleet.LedgerMigration, Target: FleetAT}
		for _, before := range snap.SIMs {
			after := before
			after.Workspace, after.Version = FleetAT, before.Version+1
			if before.Workspace == FleetDE {
				c.Lines = append(c.Lines, store.Line{Before: before, After: after})
			}
		}
		_, err = tx.Apply(ctx, c)
		return err
	})
	CheckSums(e, e.s)
}

// stockSIMs returns SIMs in the Workspace of the reseller; it resells a third of them, and issued
// another.
func stockSIMs(ctx context.Context, tx *store.Tx) error {
	sims := make([]fleet.SIM, 3_000)
	for i := range sims {
		sims[i] = plain(stockFirst+fleet.SIMID(i), Resale)
		switch i % 3 {
		case 0:
			sims[i].Reseller = Resale
		case 1:
			sims[i].Issuer = Resale
		}
	}
	added, err := tx.InsertSIMs(ctx, sims)
	if err != nil {
		return err
	}
	return tx.InsertImport(ctx, "stock", added)
}

const stockFirst = manyFirst + many

// alterSome alters 60 SIMs on either side of the first one in stock, each step apart, unless they
// are deleted.
func (e *env) alterSome(kind fleet.LedgerKind, step int, alter func(*fleet.SIMState)) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		c := store.Change{UID: uuid.NewString(), Kind: kind}
		for _, s := range e.around(ctx, tx, step) {
			before := s.State()
			after := before
			after.Version++
			alter(&after)
			if after.Workspace != before.Workspace || after.Status != before.Status {
				c.Lines = append(c.Lines, store.Line{Before: before, After: after})
			}
		}
		if len(c.Lines) == 0 {
			e.Fatal("nothing changes")
		}
		_, err := tx.Apply(ctx, c)
		return err
	})
	CheckSums(e, e.s)
}

func (e *env) around(ctx context.Context, tx *store.Tx, step int) []fleet.SIM {
	e.Helper()
	var ids []fleet.SIMID
	for i := -60; i < 60; i++ {
		ids = append(ids, stockFirst+fleet.SIMID(i*step))
	}
	sims, err := tx.SIMsByID(ctx, fleet.Workspace{ID: Carrier, Type: fleet.MobileNetworkOperator}, ids)
	if err != nil {
		e.Fatal(err)
	}
	own, err := tx.SIMsByID(ctx, fleet.Workspace{ID: Resale, Type: fleet.Reseller}, ids)
	if err != nil {
		e.Fatal(err)
	}
	return slices.CompactFunc(slices.SortedFunc(slices.Values(append(sims, own...)), func(a, b fleet.SIM) int { return int(a.ID - b.ID) }),
		func(a, b fleet.SIM) bool { return a.ID == b.ID })
}

// changeOwners makes the reseller the issuer of some SIMs, and the issuer their reseller.
func (e *env) changeOwners(step int) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for i, s := range e.around(ctx, tx, step) {
			before := s.State()
			after := before
			after.Version++
			_, err := tx.Apply(ctx, store.Change{UID: uuid.NewString(), Kind: fleet.LedgerStatus, Lines: []store.Line{{Before: before, After: after}}})
			if err != nil {
				return err
			}
			err = tx.ChangeOwners(ctx, store.OwnersChange{
				SIM: s.ID, Version: after.Version, IssuerBefore: s.Issuer, ResellerBefore: s.Reseller,
				IssuerAfter: []fleet.WorkspaceID{Resale, Carrier}[i%2], ResellerAfter: []fleet.WorkspaceID{0, Carrier, Resale}[i%3],
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	CheckSums(e, e.s)
}

func (e *env) compareTally(when string) {
	e.Helper()
	for _, ws := range []fleet.Workspace{{ID: Carrier, Type: fleet.MobileNetworkOperator}, {ID: Resale, Type: fleet.Reseller}} {
		e.compareList(when, ws, "")
	}
	for _, ws := range []fleet.WorkspaceID{FleetDE, FleetAT} {
		for _, q := range []string{"", "status:0", "status:2", "status:0|2", "status:3"} {
			e.compareList(when, fleet.Workspace{ID: ws, Type: fleet.Enterprise}, q)
		}
	}
}

// compareList compares pages in both orders. It counts once, all on one page: counting each page
// takes minutes under the race detector.
func (e *env) compareList(when string, ws fleet.Workspace, q string) {
	e.Helper()
	all := e.simPage(ws, strings.TrimSuffix("iccid:8,"+q, ","), "id", 1, 2*many)
	e.comparePages(when, ws, q, "id", all)
	slices.Reverse(all.Items) // an id is there once
	e.comparePages(when, ws, q, "-id", all)
}

func (e *env) comparePages(when string, ws fleet.Workspace, q, sort string, all fleet.Page[fleet.SIM]) {
	e.Helper()
	const perPage = 97
	for _, page := range []int{1, 2, 3, 11, 12, 50, 1000} {
		fast := e.simPage(ws, q, sort, page, perPage)
		number := min(page, max(1, (all.Total+perPage-1)/perPage))
		want := all.Items[(number-1)*perPage : min(number*perPage, all.Total)]
		if fast.Total != all.Total || fast.Page != number || !slices.Equal(fast.Items, want) {
			e.Fatalf("%s: Workspace %d, q %q, sort %s, page %d: the tally gives %d SIMs and page %d with %d, counting %d and page %d with %d",
				when, ws.ID, q, sort, page, fast.Total, fast.Page, len(fast.Items), all.Total, number, len(want))
		}
	}
}

// simPage reads a page, which may be longer than the API allows.
func (e *env) simPage(ws fleet.Workspace, q, sort string, page, perPage int) (found fleet.Page[fleet.SIM]) {
	e.Helper()
	l, err := fleet.ParseList(fleet.SIMList, q, sort, fmt.Sprint(page), "")
	if err != nil {
		e.Fatal(err)
	}
	l.PerPage = perPage
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		found, err = tx.SIMs(ctx, ws, l)
		return err
	})
	return found
}
