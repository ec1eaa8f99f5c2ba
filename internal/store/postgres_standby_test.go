package store_test

import (
	"testing"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// A standby can be checked, because fsck only reads. A server refuses it.
func TestStandbyIsCheckedButNotServed(t *testing.T) {
	t.Parallel()
	primary, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, primary)
	s := open(t, primary.URL("postgres"), store.Options{})
	storetest.Load(t, s)
	standby, err := primary.Standby("check")
	if err != nil {
		t.Fatal(err)
	}
	remove(t, standby)
	url := standby.URL("postgres")
	var report fsck.Report
	for until := time.Now().Add(time.Minute); ; { // until it has caught up with the primary
		inspected, err := store.Inspect(t.Context(), url, store.Options{MaxConns: 2})
		if err == nil {
			err = inspected.View(t.Context(), func(tx *store.Tx) (err error) {
				report, err = fsck.Run(t.Context(), tx)
				return err
			})
			_ = inspected.Close()
		}
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	if !report.OK() {
		t.Errorf("%+v", report)
	}
	if refused, err := store.Open(t.Context(), url, store.Options{}); err == nil {
		_ = refused.Close()
		t.Error("it was opened to be served")
	}
}

func remove(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
}
