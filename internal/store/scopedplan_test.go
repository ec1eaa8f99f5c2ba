package store_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// A set of ids is searched in an index that begins with the Workspace, so that ids of other
// Workspaces take the time of ids that do not exist.
func TestSetsAreSearchedByWorkspace(t *testing.T) {
	s := open(t, postgresURL(t), store.Options{})
	storetest.Load(t, s)
	iccids := []fleet.ICCID{"8988303000000000011", "8988303000000000999"}
	enterprise := fleet.Workspace{ID: storetest.FleetDE, Type: fleet.Enterprise}
	snapshot := func(sel fleet.Selector) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			_, err := tx.Snapshot(t.Context(), store.Caller{User: storetest.Admin}, fleet.MigrationRequest{Target: storetest.FleetDE, Select: sel}, false)
			return err
		}
	}
	for name, read := range map[string]func(tx *store.Tx) error{
		"migration by id":    snapshot(fleet.Selector{SIMs: []fleet.SIMID{11, 22}}),
		"migration by ICCID": snapshot(fleet.Selector{ICCIDs: iccids}),
		"migration by range": snapshot(fleet.Selector{Range: &fleet.ICCIDRange{Start: iccids[0], End: iccids[1]}}),
		"SIMs of an issuer": func(tx *store.Tx) error {
			_, err := tx.SIMsByID(t.Context(), fleet.Workspace{ID: storetest.Carrier, Type: fleet.MobileNetworkOperator}, []fleet.SIMID{11, 22})
			return err
		},
		"SIMs of an enterprise": func(tx *store.Tx) error {
			_, err := tx.SIMsByID(t.Context(), enterprise, []fleet.SIMID{11, 22})
			return err
		},
		"SIMs for devices": func(tx *store.Tx) error {
			_, err := tx.LockedSIMs(t.Context(), storetest.FleetDE, []fleet.SIMID{11, 22})
			return err
		},
		"devices": func(tx *store.Tx) error {
			_, err := tx.DevicesOf(t.Context(), storetest.FleetDE, []fleet.DeviceID{9001, 9002}, false)
			return err
		},
	} {
		plans, err := store.ExplainedUpdate(t.Context(), s, read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		searched := false
		for _, p := range plans {
			for _, line := range p.Lines {
				searched = searched || strings.Contains(line, "Index Cond: (") && strings.Contains(line, "_id = ") && strings.Contains(line, " AND (")
				if strings.Contains(line, "Index Cond: (id = j.value)") || strings.Contains(line, "Index Cond: (iccid") {
					t.Errorf("%s does not begin with the Workspace:\n%s\n%s", name, p.Text, strings.Join(p.Lines, "\n"))
				}
			}
		}
		if !searched {
			t.Errorf("%s: no search by Workspace in %v", name, plans)
		}
	}
}
