package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// longRow is a row of a long list, as the test made it.
type longRow struct {
	id, at, user int64
	places       []int64 // Workspaces that see it
}

var longBegin = time.Date(2023, 11, 20, 6, 0, 0, 0, time.UTC)

// longRows returns rows of ids that no other row has, of about two days. Their instants are not
// quite in the order of their ids.
func longRows(places func(i int) []int64) []longRow {
	rows := make([]longRow, longSize)
	for i := range rows {
		at := longBegin.Add(time.Duration(i)*172*time.Second/10 + time.Duration(i*7919%1800)*time.Second)
		rows[i] = longRow{int64(1_000_001 + i), at.UnixMicro(), int64(1 + i%3), places(i)}
	}
	return rows
}

const longSize = 10_000 // over several blocks of 4,096 ids

// longPlaces gives each row one of several sets of Workspaces.
func longPlaces(i int) []int64 {
	return [][]int64{{100, 200}, {100, 200}, {100, 300}, {200, 300}, {100, 200, 300}, {300, 1}}[i%6]
}

func longEventPlaces(i int) []int64 { return []int64{100 + int64(i%3/2)*100} }

// insertLong inserts rows with ids from first to last as events, audit entries and migrations.
func insertLong(t testing.TB, db *sql.DB, d store.Dialect, first, last int) {
	t.Helper()
	overriding := ""
	if d == store.Postgres {
		overriding = "OVERRIDING SYSTEM VALUE"
	}
	var events, entries, moves, filed, sides []string
	for _, r := range longRows(longEventPlaces)[first:last] {
		events = append(events, fmt.Sprintf("(%d, %d, 1, 2, 0, %d, %d, '')", r.id, r.at, r.places[0], r.user))
	}
	for i, r := range longRows(longPlaces)[first:last] {
		text := fmt.Sprint(r.places[0])
		for _, p := range r.places[1:] {
			text += fmt.Sprintf(",%d", p)
		}
		entries = append(entries, fmt.Sprintf("(%d, %d, 1, %d, '', '', '', 0, '', '', '', '%s')", r.id, r.at, r.user, text))
		moves = append(moves, fmt.Sprintf("(%d, 'long %d', 1, %d, %d, %d, 1, 0, 0, 0)", r.id, first+i, r.at, r.user, r.places[0]))
		for k, p := range r.places {
			filed = append(filed, fmt.Sprintf("(%d, %d)", p, r.id))
			sides = append(sides, fmt.Sprintf("(%d, %d, %d, 1)", p, r.id, max(0, 1-k)))
		}
	}
	for _, c := range []struct {
		into   string
		values []string
	}{
		{"events (id, at, type, source, severity, workspace_id, user_id, description) " + overriding, events},
		{"audit (id, at, actor, user_id, address, request_id, action, code, subject, subject_id, detail, places) " + overriding, entries},
		{"ledger (id, uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta) " + overriding, moves},
		{"audit_places (workspace_id, audit_id)", filed},
		{"ledger_sides (workspace_id, ledger_id, side, sims)", sides},
	} {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO "+c.into+" VALUES "+strings.Join(c.values, ", ")); err != nil {
			t.Fatalf("%s: %v", c.into, err)
		}
	}
	if d == store.Postgres { // it does not wait for autovacuum, and plans badly without numbers
		if _, err := db.ExecContext(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
	}
}

// longList is a list and what it must show.
type longList struct {
	name string
	spec fleet.ListSpec
	rows []longRow
	sees func(longRow) bool
	run  func(ctx context.Context, tx *store.Tx, l fleet.List) (ids []int64, page fleet.Page[int], err error)
}

func pageOfIDs[T any](p fleet.Page[T], id func(T) int64) (ids []int64, page fleet.Page[int]) {
	for _, item := range p.Items {
		ids = append(ids, id(item))
	}
	return ids, fleet.Page[int]{Total: p.Total, Page: p.Page, PerPage: p.PerPage}
}

func longLists() (lists []longList) {
	in := func(places ...int64) func(longRow) bool {
		return func(r longRow) bool {
			return slices.ContainsFunc(r.places, func(p int64) bool { return slices.Contains(places, p) })
		}
	}
	for _, of := range []store.EventsOf{{}, {User: 2}} {
		lists = append(lists, longList{
			fmt.Sprintf("events %+v", of), fleet.EventList, longRows(longEventPlaces),
			func(r longRow) bool { return in(100)(r) && (of.User == 0 || r.user == int64(of.User)) },
			func(ctx context.Context, tx *store.Tx, l fleet.List) ([]int64, fleet.Page[int], error) {
				p, err := tx.Events(ctx, 100, of, l)
				ids, page := pageOfIDs(p, func(e store.EventRecord) int64 { return int64(e.ID) })
				return ids, page, err
			},
		})
	}
	lists = append(lists, longList{
		"audit", fleet.AuditList, longRows(longPlaces), in(100),
		func(ctx context.Context, tx *store.Tx, l fleet.List) ([]int64, fleet.Page[int], error) {
			p, err := tx.AuditEntries(ctx, 100, l)
			ids, page := pageOfIDs(p, func(a store.AuditRecord) int64 { return int64(a.ID) })
			return ids, page, err
		},
	})
	for name, c := range map[string]struct {
		caller store.Caller
		sees   func(longRow) bool
	}{
		"of a token":        {store.Caller{}, in(100)},
		"of two Workspaces": {store.Caller{User: storetest.Admin}, in(100, 200)},
		"of a SuperAdmin":   {store.Caller{User: storetest.Super, SuperAdmin: true}, func(longRow) bool { return true }},
	} {
		lists = append(lists, longList{
			"migrations " + name, fleet.MigrationList, longRows(longPlaces), c.sees,
			func(ctx context.Context, tx *store.Tx, l fleet.List) ([]int64, fleet.Page[int], error) {
				p, err := tx.Migrations(ctx, c.caller, 100, l)
				ids, page := pageOfIDs(p, func(m fleet.Migration) int64 { return int64(m.ID) })
				return ids, page, err
			},
		})
	}
	return lists
}

// longQueries returns queries for each list, and which of its rows match.
func longQueries() (queries []longQuery) {
	day := func(n int) func(longRow) bool {
		from := time.Date(2023, 11, n, 0, 0, 0, 0, time.UTC).UnixMicro()
		return func(r longRow) bool { return r.at >= from && r.at < from+24*time.Hour.Microseconds() }
	}
	all := func(longRow) bool { return true }
	for _, sort := range []string{"id", "-id"} {
		for _, page := range []string{"17", "9999"} {
			for q, matches := range map[string]func(longRow) bool{
				"": all, "timestamp:2023-11-21": day(21), "timestamp:2023-11-20|2023-11-21": func(r longRow) bool { return day(20)(r) || day(21)(r) },
				"user:2":                        func(r longRow) bool { return r.user == 2 },
				"timestamp:2023-11-21,user:1|3": func(r longRow) bool { return day(21)(r) && r.user != 2 },
				"id:1005000|1009000|77":         func(r longRow) bool { return r.id == 1_005_000 || r.id == 1_009_000 },
			} {
				queries = append(queries, longQuery{q, matches, sort, page, ""})
			}
		}
		for _, after := range []string{"1004500", "1009990"} {
			queries = append(queries, longQuery{"", all, sort, "", after}, longQuery{"timestamp:2023-11-21", day(21), sort, "", after})
		}
	}
	return append(queries, longQuery{"", all, "-timestamp", "3", ""}, longQuery{"timestamp:2023-11-21", day(21), "-timestamp", "3", ""})
}

type longQuery struct {
	q                 string
	matches           func(longRow) bool
	sort, page, after string
}

// expected returns what a list must show among the rows that are there: the ids of the page,
// and the total.
func (c longList) expected(q longQuery, l fleet.List, there int) (ids []int64, total int) {
	var rows []longRow
	for _, r := range c.rows[:there] {
		if c.sees(r) && q.matches(r) && (l.After == nil || (r.id > *l.After) != l.Sort[0].Descending && r.id != *l.After) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b longRow) int {
		by := int(a.id - b.id)
		if l.Sort[0].Field == "timestamp" && a.at != b.at {
			by = int(a.at - b.at)
		}
		if l.Sort[0].Descending {
			by = -by
		}
		return by
	})
	_, offset := l.At(len(rows))
	for _, r := range rows[offset:min(len(rows), offset+l.PerPage)] {
		ids = append(ids, r.id)
	}
	return ids, len(rows)
}

// Long lists are the same whatever part of their rows is counted.
func TestLongLists(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.Load(t, s)
			db := rawSQL(t, url)
			for _, text := range []string{
				"DELETE FROM events", "DELETE FROM audit", "DELETE FROM audit_places", "DELETE FROM ledger_sides", "DELETE FROM ledger",
			} {
				if _, err := db.ExecContext(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			fold := func() {
				for more := true; more; {
					var err error
					if more, err = s.FoldLists(t.Context(), 1); err != nil {
						t.Fatal(err)
					}
				}
			}
			insertLong(t, db, s.Dialect(), 0, 6000)
			fold()
			insertLong(t, db, s.Dialect(), 6000, longSize)
			compareLong(t, s, "partly counted", longSize)
			fold()
			compareLong(t, s, "all counted", longSize)
		})
	}
}

func compareLong(t *testing.T, s *store.Store, when string, there int) {
	t.Helper()
	for _, most := range []int{800, 10} { // with 10, the sets of sides are too many
		if most != 800 && when != "all counted" {
			continue
		}
		for _, c := range longLists() {
			err := store.Bounded(t.Context(), s, most, func(tx *store.Tx) error {
				for _, q := range longQueries() {
					compareLongPage(t, tx, c, q, fmt.Sprintf("%s, most %d, %s: q=%s sort=%s page=%s after=%s", when, most, c.name, q.q, q.sort, q.page, q.after), there)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func compareLongPage(t *testing.T, tx *store.Tx, c longList, q longQuery, name string, there int) {
	t.Helper()
	l, err := fleet.ParseList(c.spec, q.q, q.sort, q.page, "50")
	if err == nil {
		l, err = l.ReadAfter(q.after)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ids, page, err := c.run(t.Context(), tx, l)
	if code := fleet.CodeOf(err); code == fleet.BadQuery || code == fleet.BadSort {
		var e *fleet.Error
		if errors.As(err, &e) && e.Field != "page" && q.q == "" && q.sort != "-timestamp" {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want, total := c.expected(q, l, there)
	number, _ := l.At(total)
	if page.Total != total || page.Page != number || !slices.Equal(ids, want) {
		t.Errorf("%s: total %d, page %d, %v; it should be %d, %d, %v", name, page.Total, page.Page, ends(ids), total, number, ends(want))
	}
}

// ends shortens a list of ids for a message.
func ends(ids []int64) string {
	if len(ids) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d ids from %d to %d", len(ids), ids[0], ids[len(ids)-1])
}
