package store_test

import (
	"context"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// oneRead reads one thing by its id for a caller who cannot see the things of fillHidden.
type oneRead struct {
	name string
	read func(context.Context, *store.Tx, int64) (found bool, err error)
}

var oneReads = []oneRead{
	{"job of a user", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.Job(ctx, store.Caller{User: storetest.Admin}, 100, fleet.JobID(id), false)
		return found, err
	}},
	{"job of a token", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.Job(ctx, store.Caller{}, 100, fleet.JobID(id), false)
		return found, err
	}},
	{"migration of a user", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.Migration(ctx, store.Caller{User: storetest.Admin}, 100, fleet.MigrationID(id))
		return found, err
	}},
	{"migration of a token", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.Migration(ctx, store.Caller{}, 100, fleet.MigrationID(id))
		return found, err
	}},
	{"undo", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.UndoSnapshot(ctx, store.Caller{User: storetest.Admin}, 100, fleet.UndoRequest{Migration: fleet.MigrationID(id)}, false)
		return found, err
	}},
	{"offer", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.OfferOf(ctx, 100, fleet.OfferID(id), false)
		return found, err
	}},
	{"receiving code", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.ReceivingCode(ctx, 100, fleet.CodeID(id))
		return found, err
	}},
	{"request for SIMs", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.SIMRequestOf(ctx, 100, fleet.SIMRequestID(id), false)
		return found, err
	}},
	{"inquiry", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.InquiryOf(ctx, 100, fleet.SIMRequestID(id), false)
		return found, err
	}},
	{"SIM", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.SIM(ctx, fleet.Workspace{ID: 100, Type: fleet.Enterprise}, fleet.SIMID(id), false)
		return found, err
	}},
	{"application token", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.ApplicationTokenOf(ctx, 100, fleet.TokenID(id))
		return found, err
	}},
	{"member", func(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
		_, found, err := tx.Member(ctx, fleet.UserID(id), 100)
		return found, err
	}},
}

// comparison is how many steps SQLite needs to compare the Workspace of a row with the caller's.
// TestTimingOfForeign does not see them.
const comparison = 2

// A read of a thing of another Workspace makes the engine do the same work as one of a thing that
// does not exist: as many steps (SQLite), except for one comparison, or the same plan with the same
// numbers of rows (PostgreSQL). So the response time reveals nothing.
func TestReadsOfForeignIDsDoTheSameWork(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{MaxConns: 1})
			if s.Dialect() == store.Postgres {
				keepStatistics(t, url)
			}
			storetest.Load(t, s)
			fillLists(t, url, s.Dialect(), 60)
			fillOthers(t, url, s.Dialect())
			fillHidden(t, url, s.Dialect())
			for _, r := range oneReads {
				work := func(id int64) []store.Worked {
					list, err := store.Work(t.Context(), s, 15_000, func(tx *store.Tx) error {
						found, err := r.read(t.Context(), tx, id)
						if found {
							t.Errorf("%s %d is found", r.name, id)
						}
						return err
					})
					if err != nil || len(list) == 0 {
						t.Fatalf("%s: %d statements, %v", r.name, len(list), err)
					}
					return list
				}
				absent, foreign := work(absentIDs), work(foreignIDs)
				if !slices.EqualFunc(absent, foreign, func(a, f store.Worked) bool {
					return a.Text == f.Text && a.Plan == f.Plan && f.Steps-a.Steps <= comparison && a.Steps <= f.Steps
				}) {
					t.Errorf("%s: absent (-) and foreign (+) differ:\n%s", r.name, gocmp.Diff(absent, foreign))
				}
			}
		})
	}
}
