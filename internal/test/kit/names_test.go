package kit_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/world"
)

// TestFerryNames checks that the names say what the data of Ferry is.
func TestFerryNames(t *testing.T) {
	w, err := world.Parse(strings.NewReader(kit.Ferry))
	if err != nil {
		t.Fatal(err)
	}
	sims := make(map[fleet.SIMID]fleet.SIM)
	for _, s := range w.SIMs {
		sims[s.ID] = s
	}
	for id, want := range map[fleet.SIMID]fleet.SIM{
		kit.AttachedSIM:    {Workspace: kit.FleetDE, Status: fleet.SIMActivated, Device: kit.DeviceWithSIM},
		kit.ActivatedSIM:   {Workspace: kit.FleetDE, Status: fleet.SIMActivated},
		kit.IssuedSIM:      {Workspace: kit.FleetDE, Status: fleet.SIMIssued},
		kit.SuspendedSIM:   {Workspace: kit.FleetDE, Status: fleet.SIMSuspended},
		kit.FactoryTestSIM: {Workspace: kit.FleetDE, Status: fleet.SIMFactoryTest},
		kit.DeletedSIM:     {Workspace: kit.FleetDE, Status: fleet.SIMDeleted},
		kit.SIMInFR:        {Workspace: kit.FleetFR, Status: fleet.SIMActivated},
		kit.SIMInUS:        {Workspace: kit.FleetUS, Status: fleet.SIMIssued},
		kit.SIMInBR:        {Workspace: kit.FleetBR, Status: fleet.SIMIssued},
		kit.SIMElsewhere:   {Workspace: kit.Elsewhere, Status: fleet.SIMIssued},
	} {
		got := sims[id]
		if got.Workspace != want.Workspace || got.Status != want.Status || got.Device != want.Device {
			t.Errorf("SIM %d: %+v, want %+v", id, got, want)
		}
		if string(got.ICCID) != kit.ICCID(int64(id)) {
			t.Errorf("SIM %d: ICCID %s, but kit.ICCID returns %s", id, got.ICCID, kit.ICCID(int64(id)))
		}
	}
	spare := w.Ranges[0]
	if spare.FirstID != kit.FirstSpareSIM || spare.Count != kit.SpareSIMs || string(spare.FirstICCID) != kit.ICCID(kit.FirstSpareSIM) {
		t.Errorf("the spare SIMs: %+v", spare)
	}
}
