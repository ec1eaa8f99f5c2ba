package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit/pgbouncer"
)

// PostgreSQL does not compile the statements of lists (JIT), even if the database's settings
// request it for every statement. A server that was built without LLVM passes either way.
func TestListsAreNotCompiled(t *testing.T) {
	t.Parallel()
	for _, pooled := range []bool{false, true} {
		t.Run(fmt.Sprint("pooled ", pooled), func(t *testing.T) {
			t.Parallel()
			url := postgresURL(t)
			storetest.Load(t, open(t, url, store.Options{}))
			run(t, direct(t, url), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit_above_cost = 0', current_database()); END $$")
			if pooled {
				url = pgbouncer.Start(t, url)
			}
			s := open(t, url, store.Options{})
			l, err := fleet.ParseList(fleet.SIMList, "", "", "", "3")
			if err != nil {
				t.Fatal(err)
			}
			plans, err := store.Explained(t.Context(), s, 1, func(tx *store.Tx) error {
				_, err := tx.SIMs(t.Context(), fleet.Workspace{ID: storetest.Carrier, Type: fleet.MobileNetworkOperator}, l)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(plans) == 0 {
				t.Error("no statement was explained")
			}
			for _, p := range plans {
				if strings.Contains(strings.Join(p.Lines, "\n"), "JIT:") {
					t.Errorf("compiled: %s", p.Text)
				}
			}
		})
	}
}
