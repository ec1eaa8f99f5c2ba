package fsck

import "context"

// listCounts counts events, audit entries, migrations and devices again, and compares with the
// counts that lists use. Rows that are not counted yet are left out.
func (f *checker) listCounts(ctx context.Context) error {
	c := Check{Key: "list_counts", Invariant: tallyInvariant, Name: "the counts of events, audit entries, migrations and devices are those of their rows"}
	err := c.timed(func() error {
		n, err := f.db.CheckLists(ctx, func(kind string, id int64, what string) { c.fail(kind, id, "%s", what) })
		c.count("counts", n)
		return err
	})
	f.done = append(f.done, c)
	return err
}
