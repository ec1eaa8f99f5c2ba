package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// mostPlaces is the maximum number of Workspaces of a caller that are searched for migrations
// one by one.
const mostPlaces = 64

// Migrations reads one page of the ledger, without lines. Errors: BadQuery or BadSort if too
// many migrations would have to be read; the message says what to add.
func (tx *Tx) Migrations(ctx context.Context, who Caller, token fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Migration], error) {
	page := fleet.Page[fleet.Migration]{PerPage: l.PerPage}
	places, err := tx.placesOf(ctx, who, token)
	if err != nil {
		return page, err
	}
	if len(places) == 0 && !who.SuperAdmin {
		page.Page, _ = l.At(0)
		return page, nil
	}
	if _, byID := l.ByID(); byID && len(l.Filters) == 0 && !who.SuperAdmin && len(places) <= mostPlaces {
		err := tx.migrationsByID(ctx, reader{who, token}, places, l, &page)
		return page, err
	}
	n, err := tx.narrowMigrations(ctx, places, l, who.SuperAdmin)
	if err != nil {
		return page, err
	}
	w := where{tx: tx, args: n.args}
	as := reader{who, token}
	w.visible(as)
	w.filter(l, migrationColumns)
	source := listSource{"WITH m AS MATERIALIZED (SELECT m.* FROM ledger m WHERE " + n.driving + ") ", "m"}
	if n.driving == "" {
		source = listSource{table: "ledger m"}
	}
	if _, err := tx.one(ctx, source.with+"SELECT count(*) FROM "+source.table+" WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	page.Items, _, err = tx.migrations(ctx, source, &w, as, w.orderBy(l, migrationColumns), l.PerPage, offset)
	return page, err
}

// placesOf returns the Workspaces whose migrations a caller sees; a SuperAdmin sees all.
func (tx *Tx) placesOf(ctx context.Context, who Caller, token fleet.WorkspaceID) (places []int64, err error) {
	switch {
	case who.SuperAdmin:
		return nil, nil
	case who.User == 0:
		return []int64{int64(token)}, nil
	}
	err = tx.each(ctx, "SELECT workspace_id FROM memberships WHERE user_id = $1 AND status = 1 ORDER BY workspace_id", []any{int64(who.User)}, func(r rows) error {
		var id int64
		err := r.Scan(&id)
		places = append(places, id)
		return err
	})
	return places, err
}

// migrationsByID reads a page by id: the newest, or oldest, of each Workspace, merged.
func (tx *Tx) migrationsByID(ctx context.Context, as reader, places []int64, l fleet.List, page *fleet.Page[fleet.Migration]) (err error) {
	w := where{tx: tx}
	beyondCursor := ""
	if l.After != nil {
		beyondCursor = " AND v.ledger_id" + beyond(l) + w.arg(*l.After)
	}
	count := "SELECT count(*) FROM ledger_sides v WHERE v.workspace_id = " + w.arg(places[0]) + beyondCursor
	if len(places) > 1 {
		var parts []string
		for i, p := range places {
			place := "$" + fmt.Sprint(len(w.args)) // that of the first, which already exists
			if i > 0 {
				place = w.arg(p)
			}
			parts = append(parts, "SELECT v.ledger_id FROM ledger_sides v WHERE v.workspace_id = "+place+beyondCursor)
		}
		count = "SELECT count(*) FROM (" + strings.Join(parts, " UNION ") + ") u"
	}
	if _, err := tx.one(ctx, count, w.args, &page.Total); err != nil {
		return err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	if offset > tx.most {
		return &fleet.Error{Code: fleet.BadQuery, Field: "page", Message: fmt.Sprintf(
			"page: more than %d migrations would have to be skipped: read on with after, or add a filter by timestamp", tx.most)}
	}
	w = where{tx: tx}
	direction := ""
	if descending, _ := l.ByID(); descending {
		direction = " DESC"
	}
	if l.After != nil {
		w.arg(*l.After)
	}
	limit := w.arg(offset + l.PerPage)
	var parts []string
	for _, p := range places {
		parts = append(parts, "SELECT * FROM (SELECT v.ledger_id FROM ledger_sides v WHERE v.workspace_id = "+w.arg(p)+beyondCursor+
			" ORDER BY v.ledger_id"+direction+" LIMIT "+limit+") p")
	}
	keys := "SELECT ledger_id FROM (" + strings.Join(parts, " UNION ") + ") u ORDER BY ledger_id" + direction +
		" LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset)
	w.and("m.id IN (" + keys + ")")
	page.Items, _, err = tx.migrations(ctx, listSource{table: "ledger m"}, &w, as, "m.id"+direction, l.PerPage, 0)
	return err
}

// narrowMigrations finds a set of at most mostScanned migrations, by an index, in which the
// whole list lies.
func (tx *Tx) narrowMigrations(ctx context.Context, places []int64, l fleet.List, all bool) (n simSet, err error) {
	w := where{tx: tx}
	everything := "SELECT 1 FROM ledger m"
	if !all {
		everything = "SELECT v.ledger_id FROM ledger_sides v WHERE " + w.in("v.workspace_id", list(tx, places))
		n = simSet{"m.id IN (" + everything + ")", w.args}
	} else {
		n.driving = "TRUE"
	}
	if few, err := tx.fewOf(ctx, everything, w.args); few || err != nil {
		return n, err
	}
	for _, f := range l.Filters {
		w := where{tx: tx}
		n := simSet{"(" + joinOr(w.alternatives(f, migrationColumns[f.Field.Name])) + ")", w.args}
		if few, err := tx.fewOf(ctx, "SELECT 1 FROM ledger m WHERE "+n.driving, n.args); few || err != nil {
			return n, err
		}
	}
	if _, byID := l.ByID(); byID && len(l.Filters) == 0 {
		return simSet{}, nil
	}
	const what = "add a filter that few migrations match, such as a day by timestamp"
	if _, byID := l.ByID(); !byID {
		return n, &fleet.Error{Code: fleet.BadSort, Field: "sort", Message: fmt.Sprintf(
			"sort: more than %d migrations would have to be sorted by %s: sort by id, or %s", tx.most, l.Sort[0].Field, what)}
	}
	return n, &fleet.Error{Code: fleet.BadQuery, Field: "q", Message: fmt.Sprintf(
		"q: more than %d migrations would have to be looked through: %s", tx.most, what)}
}
