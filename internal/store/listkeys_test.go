package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// A list of SIMs that is sorted by another field than the id is read to its end by key, however
// many SIMs it has, and no page reads or sorts a whole table.
func TestKeysOfLongLists(t *testing.T) {
	engines(t, func(t *testing.T, url string) {
		s := open(t, url, store.Options{})
		storetest.Load(t, s)
		ws := fleet.Workspace{ID: storetest.FleetDE, Type: fleet.Enterprise}
		value := map[string]func(fleet.SIM) any{
			"iccid":    func(s fleet.SIM) any { return string(s.ICCID) },
			"status":   func(s fleet.SIM) any { return int64(s.Status) },
			"endpoint": func(s fleet.SIM) any { return int64(s.Device) },
		}
		for _, sort := range []string{"iccid", "-iccid", "status", "-status", "endpoint", "-endpoint"} {
			l, err := fleet.ParseList(fleet.SIMList, "", sort, "1", "2500")
			if err != nil {
				t.Fatal(err)
			}
			most := 1 // no page but the first has a number
			if l.Sort[0].Field == "endpoint" {
				most = 1000 // no index gives this order
			}
			var want, got []fleet.SIMID
			for _, per := range []int{2500, 2} {
				l.PerPage, l.Beyond = per, nil
				for {
					var page fleet.Page[fleet.SIM]
					plans, err := store.Explained(t.Context(), s, most, func(tx *store.Tx) (err error) {
						page, err = tx.SIMs(t.Context(), ws, l)
						return err
					})
					if err != nil {
						t.Fatalf("sort=%s: %v", sort, err)
					}
					for _, p := range plans {
						if whole := wholeTable(p); whole != "" && most == 1 {
							t.Errorf("sort=%s: %s: %s", sort, whole, p.Text)
						}
					}
					for _, sim := range page.Items {
						got = append(got, sim.ID)
					}
					if len(page.Items) < per || len(got) > 1000 {
						break
					}
					last := page.Items[per-1]
					l.Beyond = &fleet.ListKey{Value: value[l.Sort[0].Field](last), ID: int64(last.ID)}
				}
				want, got = got, want
			}
			if len(want) < 5 || !slices.Equal(got, want) {
				t.Errorf("sort=%s: by key %v, at once %v", sort, want, got)
			}
		}
	})
}

// The SIMs in devices are found by their devices, not among all SIMs of the Workspace.
func TestSIMsInDevicesUseTheirIndex(t *testing.T) {
	engines(t, func(t *testing.T, url string) {
		s := open(t, url, store.Options{})
		storetest.Load(t, s)
		plans, err := store.Explained(t.Context(), s, 1000, func(tx *store.Tx) error {
			_, err := tx.SIMsIn(t.Context(), storetest.FleetDE, []fleet.DeviceID{1, 2})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(plans); !strings.Contains(text, "sims_device") {
			t.Errorf("the plan does not use sims_device: %s", text)
		}
	})
}
