package store

import (
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// sights says which Workspaces a reader of the ledger sees. The members of the target see all of
// a migration, others only the sides and lines of their own Workspaces. The filters by SIM and by
// source find a migration only through what the reader sees of it.
type sights struct {
	all    bool
	places []int64
}

// own returns the condition that a column is one of the reader's Workspaces.
func (v sights) own(w *where, column string) string {
	if v.all {
		return "1 = 1"
	}
	return w.in(column, arrayParam(w.tx, v.places))
}

// filters are the conditions on a migration m that its row does not decide.
func (v sights) filters() map[string]specialFilter {
	moved := func(w *where, f fleet.Filter) string { return "m.id IN (" + v.linesOf(w, f) + ")" }
	return map[string]specialFilter{
		"sim": moved, "iccid": moved, "iccid_with_luhn": moved,
		"source_workspace": func(w *where, f fleet.Filter) string {
			return "EXISTS (SELECT 1 FROM ledger_sides v WHERE v.ledger_id = m.id AND v.side = " + sourceSide + " AND " + w.in("v.workspace_id", arrayParam(w.tx, f.Numbers)) +
				" AND (" + v.own(w, "v.workspace_id") + " OR " + v.own(w, "m.target_id") + ") LIMIT 1 OFFSET 0)"
		},
	}
}

// linesOf selects the migrations of the visible lines of the SIMs that a filter names. A line
// itself says who sees it, so the lines of foreign SIMs cost hardly more than none.
func (v sights) linesOf(w *where, f fleet.Filter) string {
	var sims string
	if f.Field.Name == "sim" {
		sims = w.in("l.sim_id", arrayParam(w.tx, f.Numbers))
	} else {
		iccids := w.in("x.iccid", arrayParam(w.tx, f.Texts)) // one index has the SIMs that are not deleted, another the deleted ones
		sims = "l.sim_id IN (SELECT x.id FROM sims x WHERE x.status <> " + deletedSIM + " AND " + iccids +
			" UNION ALL SELECT x.id FROM sims x WHERE x.status = " + deletedSIM + " AND " + iccids + ")"
	}
	text := "SELECT l.ledger_id FROM ledger_lines l WHERE " + sims
	if !v.all {
		text += " AND (" + v.own(w, "l.workspace_before") + " OR " + v.own(w, "l.workspace_after") + ")"
	}
	return text
}

// found selects the migrations that an index finds by a filter, and that may be more than those
// that the reader sees. Migrations out of a Workspace of others are not looked for by that
// Workspace: how long it takes would show how many it has.
func (v sights) found(w *where, f fleet.Filter) (text string, ok bool) {
	var of string
	switch f.Field.Name {
	case "sim", "iccid", "iccid_with_luhn":
		of = v.linesOf(w, f)
	case "source_workspace":
		if !v.all && slices.ContainsFunc(f.Numbers, func(id int64) bool { return !slices.Contains(v.places, id) }) {
			return "", false
		}
		of = "SELECT v.ledger_id FROM ledger_sides v WHERE v.side = " + sourceSide + " AND " + w.in("v.workspace_id", arrayParam(w.tx, f.Numbers))
	default:
		return "", false
	}
	return "SELECT m.* FROM (SELECT DISTINCT k.ledger_id FROM (" + of + ") k) k JOIN ledger m ON m.id = k.ledger_id", true
}
