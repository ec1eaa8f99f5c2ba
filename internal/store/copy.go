package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/simferry/simferry/internal/dburl"
)

// copyMark is a table in a copy that is not complete. No server uses a database that has it.
const copyMark = "simferry_copy"

var errHalfCopied = errors.New("it is a copy that is not complete: run the same simferry copy again to finish it, " +
	"or drop the database (delete the file and those beside it) and copy into an empty one")

// CopyOptions configure Copy; the zero value is valid, except that it checks nothing but the rows.
type CopyOptions struct {
	// Rows bounds the rows of a batch; 0 for 5,000.
	Rows int
	// Progress is called after each phase and each batch of a table, or nil. It must not use either
	// database.
	Progress func(CopyProgress)
	// Check accepts or refuses a database: the source before the copy, the copy before it can be
	// used. nil for no check.
	Check func(*Store) error
}

// CopyProgress is the state of a copy.
type CopyProgress struct {
	Phase string // prepared, emptied, copied, numbered, compared
	Table string // "" in prepared, emptied and numbered
	Done  int64  // rows of the table
	Rows  int64  // that the table has
}

// CopyResult is what a complete copy has.
type CopyResult struct {
	Tables  int
	Rows    int64
	LeftOut []string // tables of the source that are not Simferry's
}

// Copy copies a database to an empty one of the other engine: all tables, all ids, and the next
// ids. Both databases must be free: no server or other program may have them open. It reads and
// writes batches in the order of primary keys, each in one transaction, and begins after the last
// row that the target has. So a Copy that was interrupted continues if it is called again. Then it
// compares every value of every row of both databases.
//
// Until all that is done, a mark in the target makes servers refuse it.
//
// Errors: the source does not exist or has another schema than this program; the target is not
// empty, or the copy of another source, or of this one before it changed; either is in use; a row
// differs; the error of o.Check.
func Copy(ctx context.Context, from, to string, o CopyOptions) (result CopyResult, err error) {
	if o.Rows == 0 {
		o.Rows = 5000
	}
	if o.Progress == nil {
		o.Progress = func(CopyProgress) {}
	}
	if err := copyable(from, to); err != nil {
		return result, err
	}
	source, err := openCopyEnd(ctx, from, false)
	if err != nil {
		return result, fmt.Errorf("source: %w", err)
	}
	defer func() { err = errors.Join(err, source.close()) }()
	if err := source.hold(ctx); err != nil {
		return result, fmt.Errorf("source: %w", err)
	}
	if err := source.accepted(o.Check); err != nil {
		return result, fmt.Errorf("source: %w", err)
	}
	target, err := openCopyEnd(ctx, to, true)
	if err != nil {
		return result, fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, target.close()) }()
	c := copier{source: source, target: target, options: o}
	if err := c.run(ctx); err != nil {
		return result, err
	}
	return c.result, nil
}

func copyable(from, to string) error {
	a, err := dburl.Parse(from)
	if err != nil {
		return fmt.Errorf("source: the URL %w", err)
	}
	b, err := dburl.Parse(to)
	switch {
	case err != nil:
		return fmt.Errorf("target: the URL %w", err)
	case a.SQLite() && b.SQLite():
		return errors.New("both databases are SQLite: use simferry backup and simferry restore")
	case !a.SQLite() && !b.SQLite():
		return errors.New("both databases are PostgreSQL: use pg_dump and pg_restore")
	}
	return nil
}

// copier is a running Copy.
type copier struct {
	source, target *copyEnd
	options        CopyOptions
	tables         []copyTable // in an order in which rows come after those that they refer to
	result         CopyResult
}

func (c *copier) run(ctx context.Context) error {
	sourceState, err := c.sourceState(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if err := c.target.begin(ctx, sourceState); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	c.options.Progress(CopyProgress{Phase: "prepared"})
	if err := c.plan(ctx); err != nil {
		return err
	}
	if err := c.target.clear(ctx, c.tables); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	c.options.Progress(CopyProgress{Phase: "emptied"})
	for _, t := range c.tables {
		if err := c.copyTable(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	if err := c.copyNumbers(ctx); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if err := c.target.startTriggers(ctx, c.tables); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	c.options.Progress(CopyProgress{Phase: "numbered"})
	for _, t := range c.tables {
		if err := c.compareTable(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	if err := c.target.accepted(c.options.Check); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	_, err = c.target.db.ExecContext(ctx, "DROP TABLE "+copyMark)
	return err
}

func (c *copier) copyTable(ctx context.Context, t copyTable) error {
	rows, err := c.source.count(ctx, t)
	if err != nil {
		return err
	}
	done, err := c.target.count(ctx, t)
	if err != nil {
		return err
	}
	after, err := c.target.last(ctx, t)
	if err != nil {
		return err
	}
	limit := c.options.Rows
	if t.self { // a row may refer to a later one: all of them in one statement
		limit = 0
	}
	for done < rows {
		batch, err := c.source.page(ctx, t, after, limit)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			return fmt.Errorf("the target has %d rows, the source %d, and no row of the source follows the last of the target: "+
				"the source has changed since the copy began; copy into an empty database", done, rows)
		}
		if err := c.target.insert(ctx, t, batch); err != nil {
			return err
		}
		done += int64(len(batch))
		after = t.keyOf(batch[len(batch)-1])
		c.options.Progress(CopyProgress{"copied", t.name, done, rows})
	}
	c.result.Tables++
	c.result.Rows += rows
	return nil
}

// compareTable reads a table of both databases in the order of its primary key.
func (c *copier) compareTable(ctx context.Context, t copyTable) error {
	rows, err := c.source.count(ctx, t)
	if err != nil {
		return err
	}
	copied, err := c.target.count(ctx, t)
	if err != nil {
		return err
	}
	if copied != rows {
		return fmt.Errorf("the target has %d rows, the source %d: copy into an empty database", copied, rows)
	}
	var after []any
	for done := int64(0); done < rows; {
		want, err := c.source.page(ctx, t, after, c.options.Rows)
		if err != nil {
			return err
		}
		got, err := c.target.page(ctx, t, after, len(want))
		if err != nil {
			return err
		}
		if len(want) == 0 {
			return errors.New("the source has fewer rows than it counted")
		}
		for len(got) < len(want) && len(got) > 0 { // a batch is bounded by its size, too
			more, err := c.target.page(ctx, t, t.keyOf(got[len(got)-1]), len(want)-len(got))
			if err != nil {
				return err
			}
			if len(more) == 0 {
				break
			}
			got = append(got, more...)
		}
		if column, n := t.differs(want, got); column != "" {
			return fmt.Errorf("%s of the row with the key %v differs: the source has changed since the copy began, or the target has; "+
				"copy into an empty database", column, t.keyOf(want[n]))
		}
		done += int64(len(want))
		after = t.keyOf(want[len(want)-1])
		c.options.Progress(CopyProgress{"compared", t.name, done, rows})
	}
	return nil
}
