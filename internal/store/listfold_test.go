package store_test

import (
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
)

// A transaction that has taken an id and commits after a later one is not left out of the
// counts: rows above it are counted once it has ended.
func TestFoldListsWaitsForEarlierIDs(t *testing.T) {
	url := postgresURL(t)
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	db := rawSQL(t, url)
	const insert = "INSERT INTO events (at, type, source, severity, workspace_id, user_id, description) VALUES (1, 1, 2, 0, 100, 1, '')"
	slow, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback() }() // unless it has committed
	if _, err := slow.ExecContext(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	execRaw(t, db, insert)
	fold := func() (upto int64) {
		if _, err := s.FoldLists(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRowContext(t.Context(), "SELECT upto FROM list_upto WHERE list = 1").Scan(&upto); err != nil {
			t.Fatal(err)
		}
		return upto
	}
	if upto := fold(); upto != 0 {
		t.Errorf("counted up to %d while an earlier id is open", upto)
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	if upto := fold(); upto == 0 {
		t.Error("not counted after the transaction has ended")
	}
	err = s.View(t.Context(), func(tx *store.Tx) error {
		p, err := tx.Events(t.Context(), 100, store.EventsOf{}, listOf(t, fleet.EventList, "1"))
		if err == nil && p.Total != 2 {
			t.Errorf("%d events, there are 2", p.Total)
		}
		if err != nil {
			return err
		}
		report, err := fsck.Run(t.Context(), tx)
		for _, c := range report.Checks {
			if c.Key == "list_counts" && !c.OK() {
				t.Errorf("%v", c.First)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
