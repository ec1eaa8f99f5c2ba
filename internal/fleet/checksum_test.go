package fleet_test

import (
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestChecksumSeesEveryPartOfTheState(t *testing.T) {
	base := fleet.Checksum(sim(1))
	for name, s := range map[string]fleet.SIMState{
		"id":        sim(2),
		"Workspace": sim(1, in(vienna)),
		"status":    sim(1, as(fleet.SIMActivated)),
		"device":    sim(1, attached(9001)),
		"version":   sim(1, version(2)),
	} {
		if fleet.Checksum(s) == base {
			t.Errorf("the checksum does not see the %s", name)
		}
	}
}
