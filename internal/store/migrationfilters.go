package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// ledgerScope says which Workspaces a reader of the ledger sees. The members of the target see all
// of a migration, others only the sides and lines of their own Workspaces. The filters by SIM and
// by source find a migration only through what the reader sees of it.
type ledgerScope struct {
	all    bool
	user   int64 // 0 for an application token
	places []int64
}

func sightsOf(as reader, places []int64) ledgerScope {
	return ledgerScope{as.SuperAdmin, int64(as.User), places}
}

// own returns the condition that a column is one of the reader's Workspaces.
func (v ledgerScope) own(w *where, column string) string {
	if v.all {
		return "1 = 1"
	}
	return w.in(column, arrayParam(w.tx, v.places))
}

// ownSIM is the name of a filter by the ids of SIMs that the reader's Workspaces have now.
const ownSIM = "own SIM"

// bySIM are the filters of the ledger by SIMs.
var bySIM = map[string]bool{"sim": true, "iccid": true, "iccid_with_luhn": true}

// filters returns the conditions on a migration m that its row does not decide.
func (v ledgerScope) filters() map[string]specialFilter {
	moved, byUser := v.moved, v.byUser
	indexed := func(w *where, f fleet.Filter) string { return "m.id IN (" + v.linesOf(w, f) + ")" }
	if v.all {
		moved = indexed
		byUser = func(w *where, f fleet.Filter) string { return w.in("m.user_id", arrayParam(w.tx, f.Numbers)) }
	}
	return map[string]specialFilter{
		"user": byUser, "sim": moved, "iccid": moved, "iccid_with_luhn": moved, ownSIM: indexed,
		"job": func(w *where, f fleet.Filter) string { return "m.id IN (" + v.ofJobs(w, f.Numbers) + ")" },
		"source_workspace": func(w *where, f fleet.Filter) string {
			// The sides of the migration are read before the filter is applied.
			return "EXISTS (SELECT 1 FROM (SELECT k.workspace_id FROM ledger_sides k WHERE k.ledger_id = m.id AND k.side = " + sourceSide + w.tx.dialectSQL(" LIMIT -1", "") + " OFFSET 0) v WHERE " +
				w.in("v.workspace_id", arrayParam(w.tx, f.Numbers)) + " AND (" + v.own(w, "v.workspace_id") + " OR " + v.own(w, "m.target_id") + "))"
		},
	}
}

// byUser returns the condition that one of the users made a migration m, and that the reader may
// know it: of an accepted offer only the side that accepted it may.
func (v ledgerScope) byUser(w *where, f fleet.Filter) string {
	return w.in("m.user_id", arrayParam(w.tx, f.Numbers)) + " AND (" + v.own(w, "m.target_id") +
		" OR NOT EXISTS (SELECT 1 FROM ledger_sides k WHERE k.ledger_id = m.id AND k.side = " + sourceSide + " AND k.authority = " +
		strconv.Itoa(int(fleet.AuthorityOffer)) + "))"
}

// visible returns the condition that the reader sees a line l.
func (v ledgerScope) visible(w *where) string {
	return "(" + v.own(w, "l.workspace_before") + " OR " + v.own(w, "l.workspace_after") + ")"
}

// moved returns the condition that a migration m has a visible line of a SIM. It goes through the
// lines of the migration: the lines of a SIM that others have are not looked for.
func (v ledgerScope) moved(w *where, f fleet.Filter) string {
	var is string
	if len(f.Texts) > 0 {
		is = w.in("(SELECT x.iccid FROM sims x WHERE x.id = l.sim_id)", arrayParam(w.tx, f.Texts))
	} else {
		is = w.in("l.sim_id", arrayParam(w.tx, f.Numbers))
	}
	return "EXISTS (SELECT 1 FROM " + w.tx.dialectSQL(
		"ledger_lines l INDEXED BY ledger_lines_ledger WHERE l.ledger_id = m.id AND ",
		"(SELECT k.* FROM ledger_lines k WHERE k.ledger_id = m.id OFFSET 0) l WHERE ") + is + " AND " + v.visible(w) + ")"
}

// linesOf selects the migrations of the visible lines of SIMs, which the index of a SIM's lines
// finds. The reader must have the SIMs, or see everything.
func (v ledgerScope) linesOf(w *where, f fleet.Filter) string {
	sims := w.ids
	if len(f.Texts) > 0 {
		sims = func(f fleet.Filter) string {
			values := w.eachText(f.Texts)
			return "SELECT x.id FROM " + values + " CROSS JOIN sims x WHERE " + liveICCID + " = j.value" +
				" UNION ALL SELECT x.id FROM " + values + " CROSS JOIN sims x WHERE " + deletedICCID + " = j.value"
		}
	}
	ids := sims(f)
	return "SELECT l.ledger_id FROM (" + ids + ") i CROSS JOIN " + w.tx.dialectSQL("ledger_lines l WHERE l.sim_id = i.id",
		"LATERAL (SELECT k.* FROM ledger_lines k WHERE k.sim_id = i.id OFFSET 0) l WHERE TRUE") + " AND " + v.visible(w)
}

// ownSIMs replaces filters by SIMs that the reader's Workspaces have now, all of them, by filters
// by their ids. The SIMs are searched by Workspace: those of others are not read.
func (v ledgerScope) ownSIMs(ctx context.Context, tx *Tx, l fleet.List) (fleet.List, error) {
	if v.all {
		return l, nil
	}
	l.Filters = slices.Clone(l.Filters)
	for i, f := range l.Filters {
		if !bySIM[f.Field.Name] || (len(f.Numbers)+len(f.Texts))*len(v.places) > maxScanned {
			continue
		}
		w := where{tx: tx}
		column, index := "id", "sims_workspace"
		var values string
		if len(f.Texts) > 0 {
			values, column, index = w.eachText(f.Texts), "iccid", "sims_workspace_iccid"
		} else {
			values = w.each(f.Numbers)
		}
		places := w.arg(arrayParam(tx, v.places))
		text := "SELECT k.id, j.key FROM " + values + tx.dialectSQL(
			" CROSS JOIN json_each("+places+") p CROSS JOIN sims k INDEXED BY "+index+" WHERE k.workspace_id = p.value AND k."+column+" = j.value",
			" CROSS JOIN unnest("+places+"::bigint[]) AS p (value) CROSS JOIN LATERAL (SELECT x.id FROM sims x WHERE x.workspace_id = p.value AND x."+column+" = j.value OFFSET 0) k")
		var ids []int64
		found := map[int64]bool{}
		err := tx.queryEach(ctx, text, w.args, func(r rows) error {
			var id, key int64
			err := r.Scan(&id, &key)
			ids, found[key] = append(ids, id), true
			return err
		})
		if err != nil {
			return l, err
		}
		if len(found) == len(distinct(f.Numbers))+len(distinct(f.Texts)) {
			l.Filters[i] = fleet.Filter{Field: fleet.ListField{Name: ownSIM}, Numbers: ids}
		}
	}
	return l, nil
}

// fewLines refuses a list if a filter by SIMs would have to go through too many lines of the
// migrations that the other filters leave.
func (tx *Tx) fewLines(ctx context.Context, b *longList, source listSource, w where, l fleet.List) error {
	others := l
	others.Filters = slices.DeleteFunc(slices.Clone(l.Filters), func(f fleet.Filter) bool { return bySIM[f.Field.Name] })
	if len(others.Filters) == len(l.Filters) {
		return nil
	}
	w.terms, w.args = slices.Clone(w.terms), slices.Clone(w.args)
	w.filter(others, b.fields)
	var lines int64
	_, err := tx.queryRow(ctx, source.with+"SELECT CAST(COALESCE(sum(m.sims), 0) AS BIGINT) FROM "+source.table+" WHERE "+w.String(), w.args, &lines)
	if err != nil || lines <= int64(tx.most) {
		return err
	}
	return &fleet.Error{Code: fleet.BadQuery, Field: "q", Message: fmt.Sprintf(
		"q: more than %d moved SIMs would have to be looked through for a SIM that none of your Workspaces has now: add from and until, or a day by timestamp", tx.most)}
}

// found selects the migrations that an index finds by a filter. How long it takes does not
// depend on migrations that the reader does not see: a Workspace of others, another user and a
// reference, which others may use as well, are not looked for.
func (v ledgerScope) found(w *where, f fleet.Filter) (text string, ok bool) {
	var of string
	switch f.Field.Name {
	case "id":
		if !v.all && len(f.Numbers)*len(v.places) > maxScanned {
			return "", false
		}
		of = v.byID(w, f.Numbers)
	case ownSIM:
		of = v.linesOf(w, f)
	case "sim", "iccid", "iccid_with_luhn":
		if !v.all {
			return "", false
		}
		of = v.linesOf(w, f)
	case "job":
		of = v.ofJobs(w, f.Numbers)
	case "source_workspace":
		if !v.owns(f.Numbers) {
			return "", false
		}
		of = v.fromSources(w, f.Numbers)
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

// fromSources selects the migrations out of Workspaces, a migration out of several of them more
// than once. PostgreSQL would read all of them before the first is counted, so it reads no more of
// each Workspace than a list may go through, in the order of an index.
func (v ledgerScope) fromSources(w *where, workspaces []int64) string {
	if w.tx.d == SQLite {
		return "SELECT v.ledger_id FROM ledger_sides v WHERE v.side = " + sourceSide + " AND " + w.in("v.workspace_id", arrayParam(w.tx, workspaces))
	}
	return "SELECT v.ledger_id FROM " + w.each(workspaces) + " CROSS JOIN LATERAL (SELECT s.ledger_id FROM ledger_sides s" +
		" WHERE s.workspace_id = j.value AND s.side = " + sourceSide + " ORDER BY s.ledger_id LIMIT " + w.arg(w.tx.most+1) + ") v"
}

// ofJobs selects the migrations of those of the jobs that have a side of the reader. It searches
// the reader's Workspaces, so that a job of others takes the same path as one that does not exist.
func (v ledgerScope) ofJobs(w *where, ids []int64) string {
	if v.all {
		return "SELECT e.ledger_id FROM job_entries e WHERE " + w.in("e.job_id", arrayParam(w.tx, ids))
	}
	places := w.arg(arrayParam(w.tx, v.places))
	return "SELECT e.ledger_id FROM " + w.each(ids) + w.tx.dialectSQL(
		" CROSS JOIN json_each("+places+") p CROSS JOIN job_sides v CROSS JOIN job_entries e"+
			" WHERE v.workspace_id = p.value AND v.job_id = j.value AND e.job_id = v.job_id",
		" CROSS JOIN unnest("+places+"::bigint[]) AS p (value) CROSS JOIN LATERAL (SELECT s.job_id FROM job_sides s"+
			" WHERE s.workspace_id = p.value AND s.job_id = j.value OFFSET 0) v"+
			" CROSS JOIN LATERAL (SELECT i.ledger_id FROM job_entries i WHERE i.job_id = v.job_id OFFSET 0) e")
}

// owns reports whether the reader sees all migrations of the Workspaces.
func (v ledgerScope) owns(workspaces []int64) bool {
	return v.all || !slices.ContainsFunc(workspaces, func(id int64) bool { return !slices.Contains(v.places, id) })
}

// ledgerBy selects the migrations that an index of the ledger finds by a filter.
func (v ledgerScope) ledgerBy(w *where, f fleet.Filter, ok bool) (string, bool) {
	if f.Null || !ok {
		return "", false
	}
	return "SELECT m.* FROM ledger m WHERE (" + joinOr(w.alternatives(f, migrationColumns[f.Field.Name])) + ")", true
}

// byID selects those of the migrations that have a side of the reader.
func (v ledgerScope) byID(w *where, ids []int64) string {
	if v.all {
		return "SELECT j.value AS ledger_id FROM " + w.each(ids)
	}
	places := w.arg(arrayParam(w.tx, v.places))
	return "SELECT v.ledger_id FROM " + w.each(ids) + w.tx.dialectSQL(
		" CROSS JOIN json_each("+places+") p CROSS JOIN ledger_sides v WHERE v.workspace_id = p.value AND v.ledger_id = j.value",
		" CROSS JOIN unnest("+places+"::bigint[]) AS p (value) CROSS JOIN LATERAL (SELECT s.ledger_id FROM ledger_sides s"+
			" WHERE s.workspace_id = p.value AND s.ledger_id = j.value OFFSET 0) v")
}
