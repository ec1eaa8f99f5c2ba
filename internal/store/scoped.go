package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// ownerColumn is a column that holds the Workspace that a row belongs to, and SQLite's index of
// the column and the id.
type ownerColumn struct{ column, index string }

var (
	simOwners    = []ownerColumn{{"workspace_id", "sims_workspace"}, {"issuer_id", "sims_issuer"}, {"reseller_id", "sims_reseller"}}
	deviceOwners = []ownerColumn{{"workspace_id", "devices_of_workspace"}}
	eventOwners  = []ownerColumn{{"workspace_id", "events_workspace"}}
)

// scopedIDs returns the condition that column, such as s.id, is one of the ids. On PostgreSQL it
// searches a table for several ids in an index that begins with an owner, one of the columns
// that must be the Workspace: rows of other Workspaces take the same path as rows that do not
// exist. The statement must require the owner as well, because the row may change while a lock
// is waited for. For one id the difference is too small to be measured.
func scopedIDs[T ~int64](w *where, table, column string, workspace int64, owners []ownerColumn, ids []T) string {
	if w.tx.d != Postgres || len(ids) < 2 {
		return w.in(column, arrayParam(w.tx, ids))
	}
	values := w.arg(numberArrayParam(w.tx, ids, func(b []byte, id T) []byte { return strconv.AppendInt(b, int64(id), 10) }))
	return w.own(table, column, workspace, owners, "SELECT j.value AS id FROM unnest("+values+"::bigint[]) AS j (value)")
}

// own returns the condition that column is the id of a row that belongs to the Workspace and is
// among ids, a SELECT of the column id. It searches an index that begins with the owner: rows of
// other Workspaces are not read, and take the same path as rows that do not exist.
func (w *where) own(table, column string, workspace int64, owners []ownerColumn, ids string) string {
	of, from, with := w.arg(workspace), "("+ids+") i", ""
	if len(owners) > 1 { // the ids are found once
		from, with = "i", "WITH i AS MATERIALIZED ("+ids+") "
	}
	searches := make([]string, len(owners))
	for i, o := range owners {
		searches[i] = w.tx.dialectSQL(
			"SELECT k.id FROM "+from+" CROSS JOIN "+table+" k INDEXED BY "+o.index+" WHERE k."+o.column+" = "+of+" AND k.id = i.id",
			"SELECT k.id FROM "+from+" CROSS JOIN LATERAL (SELECT x.id FROM "+table+" x WHERE x."+o.column+" = "+of+" AND x.id = i.id OFFSET 0) k")
	}
	all := with + strings.Join(searches, " UNION ALL ")
	return column + w.tx.dialectSQL(" IN ("+all+")", " = ANY (ARRAY("+all+"))")
}

// One index of ICCIDs leaves out deleted SIMs, another has only those.
const (
	liveICCID    = "x.status <> " + deletedSIM + " AND x.iccid"
	deletedICCID = "x.status = " + deletedSIM + " AND x.iccid"
)

// soughtBy are the filters by numbers of SIMs, each with the conditions on sims x to which a value
// is added. Each condition has an index that spans all Workspaces.
var soughtBy = map[string][]string{
	"imsi": {"x.imsi <> '' AND x.imsi"}, "msisdn": {"x.msisdn <> '' AND x.msisdn"}, "eid": {"x.eid <> '' AND x.eid"}, "endpoint": {"x.device_id"},
	"iccid": {liveICCID, deletedICCID}, "iccid_with_luhn": {liveICCID, deletedICCID},
}

// mostSought is how many values of a filter are sought in an index that spans all Workspaces. There
// a value that others have costs a little more than an unknown one: one row that is read and left
// out. Of so few, the difference is far below what varies between two equal requests.
const mostSought = 10

// identify replaces filters by the numbers of SIMs, those of fields, by filters by the ids of the
// SIMs that have them, if they have at most mostSought values. So the numbers are sought once for a
// list. id is the name of the filter by the ids. There is an id for each value, also if no SIM has
// it: then what follows takes as long as for a foreign SIM.
func (tx *Tx) identify(ctx context.Context, l fleet.List, id string, fields ...string) (fleet.List, error) {
	l.Filters = slices.Clone(l.Filters)
	for i, f := range l.Filters {
		values := len(distinct(f.Texts)) + len(distinct(f.Numbers))
		if !slices.Contains(fields, f.Field.Name) || f.Null || values > mostSought || f.Field.Kind == fleet.PrefixField && !wholeICCIDs(f) {
			continue
		}
		w := where{tx: tx}
		var found []string
		for n, condition := range soughtBy[f.Field.Name] {
			found = append(found, w.sought(condition, f, -1-n*mostSought))
		}
		ids, err := tx.ids(ctx, strings.Join(found, " UNION ALL "), w.args)
		if err != nil {
			return l, err
		}
		l.Filters[i] = fleet.Filter{Field: fleet.ListField{Name: id}, Numbers: ids}
	}
	return l, nil
}

// sought selects the ids of the SIMs with the values of a filter, and, for each value that no SIM
// has, another id that does not exist: none or below.
func (w *where) sought(condition string, f fleet.Filter, none int) string {
	var from string
	if len(f.Texts) > 0 {
		from = w.eachText(f.Texts)
	} else {
		from = w.each(f.Numbers)
	}
	return "SELECT " + foundOr(none) + " AS id FROM " + from + w.tx.dialectSQL(
		" LEFT JOIN sims x ON "+condition+" = j.value",
		" LEFT JOIN LATERAL (SELECT x.id FROM sims x WHERE "+condition+" = j.value OFFSET 0) x ON TRUE")
}

// foundOr returns the id of x, or if x is NULL an id that does not exist, none or below: another
// one for each value j. Both take SQLite nearly as many steps.
func foundOr(none int) string {
	return fmt.Sprintf("CASE WHEN x.id IS NULL THEN %d - j.key ELSE x.id - 0 END", none)
}

// ids selects the ids of a filter.
func (w *where) ids(f fleet.Filter) string { return "SELECT j.value AS id FROM " + w.each(f.Numbers) }

// anotherSIM is a SIM that is read if there is none with a value, and spread distributes such
// reads: SQLite would find the same row again without a search.
const (
	anotherSIM = "(SELECT min(z.id) FROM sims z)"
	spread     = " + 7 * j.key"
)

// each returns a source of the values j.value of a filter, each once.
func (w *where) each(values []int64) (from string) {
	return w.tx.dialectSQL("json_each(%s) j", "unnest(%s::bigint[]) WITH ORDINALITY AS j (value, key)", w.arg(arrayParam(w.tx, distinct(values))))
}

// eachText is each for texts.
func (w *where) eachText(values []string) (from string) {
	return w.tx.dialectSQL("json_each(%s) j", "unnest(%s::text[]) WITH ORDINALITY AS j (value, key)", w.arg(arrayParam(w.tx, distinct(values))))
}

func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// distinct returns the values without repetition, in ascending order.
func distinct[T ~int64 | ~string](values []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
