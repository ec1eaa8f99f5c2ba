package fsck

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/simferry/simferry/internal/store"
)

// pagesInvariant groups checks that do not belong to a numbered invariant.
const pagesInvariant = "pages"

// wholePages runs SQLite's own integrity check first: pages, indexes and constraints. The other
// checks read tables through indexes and may miss damage. PostgreSQL has its own tools for
// this: see NotCovered.
func (f *checker) wholePages(ctx context.Context) error {
	if f.db.Dialect() == store.Postgres {
		return nil
	}
	c := Check{Key: "pages", Invariant: pagesInvariant, Name: "the file's pages and indexes are whole, and every row is as the schema demands"}
	err := c.timed(func() error {
		err := f.db.QueryEach(ctx, "PRAGMA integrity_check(1000)", nil, func(r store.Row) error {
			var found string
			err := r.Scan(&found)
			if found != "ok" {
				c.fail("", 0, "%s", found)
			}
			return err
		})
		if err != nil {
			c.fail("", 0, "the file cannot be read: %v", err)
			err = nil
		}
		var pages int64
		if _, counting := f.db.QueryRow(ctx, "PRAGMA page_count", nil, &pages); counting == nil {
			c.count("pages", pages)
		}
		return err
	})
	f.done = append(f.done, c)
	return err
}

// unreadable adds an error that ended the other checks to the check of the pages, if that has
// failed: it is then a fault that fsck found, not an error of fsck.
func (f *checker) unreadable(why error) bool {
	for i := range f.done {
		if c := &f.done[i]; c.Key == "pages" && !c.OK() {
			c.fail("", 0, "the other checks ended early: %v", why)
			return true
		}
	}
	return false
}

// numbered are the tables with AUTOINCREMENT ids, and whether rows are ever removed.
var numbered = map[string]bool{
	"audit": false, "events": false, "ledger": false,
	"mails": true, "second_factors": true, "sim_tally_changes": true, "trusted_devices": true,
}

// countedRows compares the number of rows with the highest id that SQLite has assigned. SQLite
// has one writer and reuses ids after a rollback, so a table whose rows are never removed has
// no gaps. On PostgreSQL gaps are normal: a copy of such a database records how many rows it had.
func (f *checker) countedRows(ctx context.Context) error {
	if f.db.Dialect() == store.Postgres {
		return nil
	}
	c := Check{Key: "rows", Invariant: "I8", Name: "no row of the ledger, the events or the audit log was removed"}
	err := c.timed(func() error {
		for _, table := range slices.Sorted(maps.Keys(numbered)) {
			var n, highest, last, copied, copiedTo int64
			text := fmt.Sprintf("SELECT count(*), COALESCE(max(id), 0), COALESCE((SELECT max(seq) FROM sqlite_sequence WHERE name = '%[1]s'), 0), "+
				"COALESCE((SELECT copied FROM copied_rows WHERE name = '%[1]s'), 0), COALESCE((SELECT last_id FROM copied_rows WHERE name = '%[1]s'), 0) FROM %[1]s", table)
			if _, err := f.db.QueryRow(ctx, text, nil, &n, &highest, &last, &copied, &copiedTo); err != nil {
				return err
			}
			c.count("rows of "+table, n)
			whole := n == copied+last-copiedTo && (highest == last || last == copiedTo)
			if removed := numbered[table]; last < highest || !removed && !whole {
				c.fail("", 0, "%s has %d rows, their highest id is %d, and the highest that was assigned is %d", table, n, highest, last)
			}
		}
		return nil
	})
	f.done = append(f.done, c)
	return err
}

// schemaTexts describes every column and index of a SQLite database.
const schemaTexts = `
	SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' not null ' || c."notnull" || ' key ' || c.pk || ' default ' || COALESCE(c.dflt_value, '')
	FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'
	UNION ALL
	SELECT 'index ' || m.name || ' of ' || m.tbl_name || ' column ' || i.seqno || ' ' || COALESCE(i.name, '')
	FROM sqlite_master m, pragma_index_info(m.name) i WHERE m.type = 'index'
	ORDER BY 1`

// wholeSchema compares the columns and indexes with those that the schema steps create, because
// other checks do not notice damage there. Additional tables and indexes belong to the operator
// and are ignored.
func (f *checker) wholeSchema(ctx context.Context) error {
	if f.db.Dialect() == store.Postgres {
		return nil
	}
	c := Check{Key: "schema", Invariant: pagesInvariant, Name: "every column and index of the schema exists"}
	err := c.timed(func() error {
		expected, err := freshSchema()
		if err != nil {
			return err
		}
		have := make(map[string]bool)
		err = f.db.QueryEach(ctx, schemaTexts, nil, func(r store.Row) error {
			var text string
			err := r.Scan(&text)
			have[text] = true
			return err
		})
		for _, text := range expected {
			if !have[text] {
				c.fail("", 0, "%s is missing or different", text)
			}
		}
		c.count("columns and indexes", int64(len(expected)))
		return err
	})
	f.done = append(f.done, c)
	return err
}

// freshSchema returns schemaTexts of a new database, which is made once: a server checks its
// database again and again.
var freshSchema = sync.OnceValues(func() (texts []string, err error) {
	ctx := context.Background() // a caller that gives up must not decide for the next one
	err = store.FreshSchema(ctx, func(db store.Reader) error {
		return db.QueryEach(ctx, schemaTexts, nil, func(r store.Row) error {
			var text string
			err := r.Scan(&text)
			texts = append(texts, text)
			return err
		})
	})
	return texts, err
})
