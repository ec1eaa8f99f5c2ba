package store

import (
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
	of := w.arg(workspace)
	searches := make([]string, len(owners))
	for i, o := range owners {
		searches[i] = w.tx.dialectSQL(
			"SELECT k.id FROM ("+ids+") i CROSS JOIN "+table+" k INDEXED BY "+o.index+" WHERE k."+o.column+" = "+of+" AND k.id = i.id",
			"SELECT k.id FROM ("+ids+") i CROSS JOIN LATERAL (SELECT x.id FROM "+table+" x WHERE x."+o.column+" = "+of+" AND x.id = i.id OFFSET 0) k")
	}
	all := strings.Join(searches, " UNION ALL ")
	return column + w.tx.dialectSQL(" IN ("+all+")", " = ANY (ARRAY("+all+"))")
}

// simIndexes are the indexes of sims that span all Workspaces, by the filter that they serve:
// the conditions on x to which a value is added.
var simIndexes = map[string]string{
	"imsi": "x.imsi <> '' AND x.imsi", "msisdn": "x.msisdn <> '' AND x.msisdn", "eid": "x.eid <> '' AND x.eid",
	"iccid": liveICCID, "iccid_with_luhn": liveICCID, "endpoint": "x.device_id",
}

// One index of ICCIDs leaves out deleted SIMs, another has only those.
const (
	liveICCID    = "x.status <> " + deletedSIM + " AND x.iccid"
	deletedICCID = "x.status = " + deletedSIM + " AND x.iccid"
)

// simIDs selects the ids of the SIMs with the values of a filter, found in one of simIndexes. It
// selects 0 for a value that no SIM has, so that this takes the path of a foreign SIM's.
func (w *where) simIDs(index string, f fleet.Filter) string {
	var from string
	if len(f.Texts) > 0 {
		from = w.eachText(f.Texts)
	} else {
		from = w.each(f.Numbers)
	}
	return "SELECT COALESCE(x.id, 0) AS id FROM " + from + w.tx.dialectSQL(
		" LEFT JOIN sims x ON "+index+" = j.value",
		" LEFT JOIN LATERAL (SELECT x.id FROM sims x WHERE "+index+" = j.value OFFSET 0) x ON TRUE")
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
	return w.tx.dialectSQL("json_each(%s) j", "unnest(%s::bigint[]) AS j (value)", w.arg(arrayParam(w.tx, distinct(values))))
}

// eachText does what each does, for texts.
func (w *where) eachText(values []string) (from string) {
	return w.tx.dialectSQL("json_each(%s) j", "unnest(%s::text[]) AS j (value)", w.arg(arrayParam(w.tx, distinct(values))))
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
