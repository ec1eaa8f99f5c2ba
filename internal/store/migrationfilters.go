package store

import (
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// sights says which Workspaces a reader of the ledger sees. The members of the target see all of
// a migration, others only the sides and lines of their own Workspaces. The filters by SIM and by
// source find a migration only through what the reader sees of it.
type sights struct {
	all    bool
	user   int64 // 0 for an application token
	places []int64
}

// own returns the condition that a column is one of the reader's Workspaces.
func (v sights) own(w *where, column string) string {
	if v.all {
		return "1 = 1"
	}
	return w.in(column, arrayParam(w.tx, v.places))
}

// filters returns the conditions on a migration m that its row does not decide.
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

// linesOf selects the migrations of the visible lines of the SIMs that a filter names. The lines
// of foreign SIMs are read and left out; for a SIM that does not exist those of another are.
func (v sights) linesOf(w *where, f fleet.Filter) string {
	of := func(from, with, same string) string {
		text := "SELECT l.ledger_id FROM " + from + w.tx.dialectSQL(
			" LEFT JOIN sims x ON "+with+" = j.value CROSS JOIN ledger_lines l WHERE l.sim_id = COALESCE(x.id, "+anotherSIM+spread+")",
			" LEFT JOIN LATERAL (SELECT y.id, y.iccid FROM sims y WHERE "+strings.ReplaceAll(with, "x.", "y.")+" = j.value OFFSET 0) x ON TRUE"+
				" CROSS JOIN LATERAL (SELECT k.* FROM ledger_lines k WHERE k.sim_id = COALESCE(x.id, "+anotherSIM+") OFFSET 0) l WHERE TRUE")
		if !v.all {
			text += " AND (" + v.own(w, "l.workspace_before") + " OR " + v.own(w, "l.workspace_after") + ")"
		}
		return text + " AND " + same
	}
	if f.Field.Name == "sim" {
		return of(w.each(f.Numbers), "x.id", "x.id = j.value")
	}
	return of(w.eachText(f.Texts), liveICCID, "x.iccid = j.value") + " UNION ALL " +
		of(w.eachText(f.Texts), deletedICCID, "x.iccid = j.value")
}

// found selects the migrations that an index finds by a filter. How long it takes does not
// depend on migrations that the reader does not see: a Workspace of others, another user and a
// reference, which others may use as well, are not looked for.
func (v sights) found(w *where, f fleet.Filter) (text string, ok bool) {
	var of string
	switch f.Field.Name {
	case "id":
		if !v.all && len(f.Numbers)*len(v.places) > mostScanned {
			return "", false
		}
		of = v.byID(w, f.Numbers)
	case "sim", "iccid", "iccid_with_luhn":
		of = v.linesOf(w, f)
	case "source_workspace":
		if !v.owns(f.Numbers) {
			return "", false
		}
		of = "SELECT v.ledger_id FROM ledger_sides v WHERE v.side = " + sourceSide + " AND " + w.in("v.workspace_id", arrayParam(w.tx, f.Numbers))
	case "target_workspace":
		return v.ledgerBy(w, f, v.owns(f.Numbers))
	case "user":
		own := v.user != 0 && !slices.ContainsFunc(f.Numbers, func(id int64) bool { return id != v.user })
		return v.ledgerBy(w, f, v.all || own)
	case "reference":
		return v.ledgerBy(w, f, v.all)
	default:
		return "", false
	}
	return "SELECT m.* FROM (SELECT DISTINCT k.ledger_id FROM (" + of + ") k) k JOIN ledger m ON m.id = k.ledger_id", true
}

// owns reports whether the reader sees all migrations of the Workspaces.
func (v sights) owns(workspaces []int64) bool {
	return v.all || !slices.ContainsFunc(workspaces, func(id int64) bool { return !slices.Contains(v.places, id) })
}

// ledgerBy selects the migrations that an index of the ledger finds by a filter.
func (v sights) ledgerBy(w *where, f fleet.Filter, ok bool) (string, bool) {
	if f.Null || !ok {
		return "", false
	}
	return "SELECT m.* FROM ledger m WHERE (" + joinOr(w.alternatives(f, migrationColumns[f.Field.Name])) + ")", true
}

// byID selects those of the migrations that have a side of the reader.
func (v sights) byID(w *where, ids []int64) string {
	if v.all {
		return "SELECT j.value AS ledger_id FROM " + w.each(ids)
	}
	places := w.arg(arrayParam(w.tx, v.places))
	return "SELECT v.ledger_id FROM " + w.each(ids) + w.tx.dialectSQL(
		" CROSS JOIN json_each("+places+") p CROSS JOIN ledger_sides v WHERE v.workspace_id = p.value AND v.ledger_id = j.value",
		" CROSS JOIN unnest("+places+"::bigint[]) AS p (value) CROSS JOIN LATERAL (SELECT s.ledger_id FROM ledger_sides s"+
			" WHERE s.workspace_id = p.value AND s.ledger_id = j.value OFFSET 0) v")
}
