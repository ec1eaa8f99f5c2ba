package store

import (
	"strconv"
	"strings"
)

// scopedIDs returns the condition that column, such as s.id, is one of the ids. On PostgreSQL it
// searches a table for several ids in an index that begins with an owner, one of the columns
// that must be the Workspace: rows of other Workspaces take the same path as rows that do not
// exist. The statement must require the owner as well, because the row may change while a lock
// is waited for. For one id the difference is too small to be measured.
func scopedIDs[T ~int64](w *where, table, column string, workspace int64, owners []string, ids []T) string {
	if w.tx.d != Postgres || len(ids) < 2 {
		return w.in(column, arrayParam(w.tx, ids))
	}
	values := w.arg(numberArrayParam(w.tx, ids, func(b []byte, id T) []byte { return strconv.AppendInt(b, int64(id), 10) }))
	of := w.arg(workspace)
	searches := make([]string, len(owners))
	for i, owner := range owners {
		searches[i] = "SELECT k.id FROM unnest(" + values + "::bigint[]) AS j (value) CROSS JOIN LATERAL (SELECT x.id FROM " + table +
			" x WHERE x." + owner + " = " + of + " AND x.id = j.value OFFSET 0) k"
	}
	return column + " = ANY (ARRAY(" + strings.Join(searches, " UNION ALL ") + "))"
}
