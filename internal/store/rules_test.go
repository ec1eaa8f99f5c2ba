package store_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// The schema step inserts the rules that the program ships.
func TestShippedRulesAreStored(t *testing.T) {
	s, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/fleet.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	err = s.View(t.Context(), func(tx *store.Tx) error {
		list, err := tx.RuleHistory(t.Context(), 0, 5)
		if err != nil {
			return err
		}
		want, err := json.Marshal(fleet.ShippedRules())
		if len(list) != 1 || list[0].Rules != string(want) {
			t.Errorf("stored: %+v\nshipped: %s", list, want)
		}
		set, bad := tx.RuleSet(t.Context())
		if bad != nil || set.Version != 1 {
			t.Errorf("version %d, %v", set.Version, bad)
		}
		if diff := cmp.Diff(fleet.ShippedRules(), set.Rules); diff != "" {
			t.Errorf("(-shipped +read):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
