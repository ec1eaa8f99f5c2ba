package store

import (
	"fmt"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestStatusesAreThoseOfFleet(t *testing.T) {
	for text, status := range map[string]int64{
		"SIM " + activatedSIM: int64(fleet.SIMActivated), "SIM " + deletedSIM: int64(fleet.SIMDeleted),
		"device " + deletedDevice: int64(fleet.DeviceDeleted), "user " + activeUser: int64(fleet.UserActive),
		"member " + activeMember: int64(fleet.UserActive), "member " + suspendedMember: int64(fleet.UserSuspended),
	} {
		var kind string
		var number int64
		if _, err := fmt.Sscan(text, &kind, &number); err != nil || number != status {
			t.Errorf("%s is %d in fleet (%v)", text, status, err)
		}
	}
}
