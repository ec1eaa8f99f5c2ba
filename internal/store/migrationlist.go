package store

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
)

// maxPlaces is the maximum number of Workspaces of a caller that are searched for migrations
// one by one.
const maxPlaces = 64

// Migrations reads one page of the ledger, without lines. Errors: BadQuery or BadSort if too
// many migrations would have to be read; the message says what to add.
func (tx *Tx) Migrations(ctx context.Context, caller Caller, token fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Migration], error) {
	page := fleet.Page[fleet.Migration]{PerPage: l.PerPage}
	places, err := tx.placesOf(ctx, caller, token)
	if err != nil {
		return page, err
	}
	if len(places) == 0 && !caller.SuperAdmin {
		page.Page, _ = l.At(0)
		return page, nil
	}
	as := reader{caller, token}
	b, see := migrationsOf(as, places), sightsOf(as, places)
	if l, err = see.ownSIMs(ctx, tx, l); err != nil {
		return page, err
	}
	b.affordable = func(ctx context.Context, source listSource, w where, l fleet.List) error {
		if caller.SuperAdmin {
			return nil
		}
		return tx.fewLines(ctx, b, source, w, l)
	}
	if !caller.SuperAdmin {
		if b.crowded, err = tx.manySets(ctx, places); err != nil {
			return page, err
		}
	}
	p, err := tx.plan(ctx, b, l)
	page.Total, page.Page = p.total, p.page
	if err != nil {
		return page, err
	}
	page.Items, _, err = tx.migrations(ctx, p.source, &p.w, as, p.w.orderBy(l, migrationColumns), l.PerPage, p.offset)
	return page, err
}

// placesOf returns the Workspaces whose migrations a caller sees; a SuperAdmin sees all.
func (tx *Tx) placesOf(ctx context.Context, caller Caller, token fleet.WorkspaceID) (places []int64, err error) {
	switch {
	case caller.SuperAdmin:
		return nil, nil
	case caller.User == 0:
		return []int64{int64(token)}, nil
	}
	return tx.ids(ctx, "SELECT workspace_id FROM memberships WHERE user_id = $1 AND status = "+activeMember+" ORDER BY workspace_id", []any{int64(caller.User)})
}

// setsOf selects the sets of sides that have one of the Workspaces.
func (w *where) setsOf(places []int64) string {
	return "SELECT c.set_id FROM ledger_sets c WHERE " + w.in("c.workspace_id", arrayParam(w.tx, places))
}

// manySets reports whether the migrations of a caller have too many sets of sides to sum up their
// counts by block for each list.
func (tx *Tx) manySets(ctx context.Context, places []int64) (bool, error) {
	w := where{tx: tx}
	text := fmt.Sprintf("SELECT 1 FROM list_tally t WHERE t.list = %d AND t.key IN (%s)", listMigrations, w.setsOf(places))
	few, err := tx.fewRows(ctx, text, w.args)
	return !few, err
}

// migrationsOf describes the migrations that a caller sees: those with a side in places, or all.
func migrationsOf(as reader, places []int64) *longList {
	see := sightsOf(as, places)
	b := &longList{
		kind: listMigrations, upto: listMigrations, totals: listSetTotals,
		alias: "m", id: "m.id", at: "m.at", fields: migrationColumns, special: see.filters(),
		things: "migrations", advice: "add a filter that few migrations match, such as a day by timestamp",
		keys: func(w *where) string { return "t.key IN (" + w.setsOf(places) + ")" },
		rows: func(w *where, ids idText, part *listPart) string {
			return "SELECT m.* FROM (" + w.migrationsIn(places, ids, part) + ") k JOIN ledger m ON m.id = k.ledger_id" +
				fmt.Sprintf(" WHERE m.kind = %d AND m.id BETWEEN %s AND %s", fleet.LedgerMigration, ids.first, ids.last)
		},
		found: see.found,
		scope: func(w *where) { w.visible(as) },
	}
	if as.SuperAdmin {
		b.kind = listAllMoves
		b.keys = func(*where) string { return "t.key = 0" }
		b.rows = func(_ *where, ids idText, part *listPart) string {
			return fmt.Sprintf("SELECT m.* FROM ledger m WHERE m.kind = %d AND m.id BETWEEN %s AND %s%s",
				fleet.LedgerMigration, ids.first, ids.last, part.order("m.id"))
		}
	}
	return b
}

// migrationsIn selects the ids of the migrations with a side in one of the Workspaces, each once.
func (w *where) migrationsIn(places []int64, ids idText, part *listPart) string {
	between := " AND v.ledger_id BETWEEN " + ids.first + " AND " + ids.last
	if part == nil || len(places) > maxPlaces {
		return "SELECT DISTINCT v.ledger_id FROM ledger_sides v WHERE " + w.in("v.workspace_id", arrayParam(w.tx, places)) + between + part.order("v.ledger_id")
	}
	parts := make([]string, len(places))
	for i, p := range places {
		parts[i] = "SELECT * FROM (SELECT v.ledger_id FROM ledger_sides v WHERE v.workspace_id = " + w.arg(p) + between + part.order("v.ledger_id") + ") p"
	}
	return "SELECT u.ledger_id FROM (" + joinSelects(parts) + ") u" + part.order("u.ledger_id")
}
