package store

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestStatusesAreThoseOfFleet(t *testing.T) {
	for _, test := range []struct {
		name, text string
		number     int
	}{
		{"activatedSIM", activatedSIM, int(fleet.SIMActivated)},
		{"deletedSIM", deletedSIM, int(fleet.SIMDeleted)},
		{"deletedDevice", deletedDevice, int(fleet.DeviceDeleted)},
		{"activeUser", activeUser, int(fleet.UserActive)},
		{"suspendedUser", suspendedUser, int(fleet.UserSuspended)},
		{"activeMember", activeMember, int(fleet.UserActive)},
		{"suspendedMember", suspendedMember, int(fleet.UserSuspended)},
		{"administratorRole", administratorRole, int(fleet.Administrator)},
		{"enterpriseType", enterpriseType, int(fleet.Enterprise)},
		{"migrationEntry", migrationEntry, int(fleet.LedgerMigration)},
		{"apiSource", apiSource, int(fleet.SourceAPI)},
		{"serviceProfile", serviceProfile, int(fleet.ServiceProfile)},
		{"tariffProfile", tariffProfile, int(fleet.TariffProfile)},
		{"plannedVerdict", plannedVerdict, int(fleet.VerdictPlanned)},
		{"doneVerdict", doneVerdict, int(fleet.VerdictDone)},
		{"driftedVerdict", driftedVerdict, int(fleet.VerdictDrifted)},
		{"offeredSIM", offeredSIM, int(fleet.SIMOffered)},
		{"acceptedSIM", acceptedSIM, int(fleet.SIMOfferAccepted)},
		{"refusedSIM", refusedSIM, int(fleet.SIMOfferRefused)},
		{"goneSIM", goneSIM, int(fleet.SIMOfferGone)},
		{"targetSide", targetSide, flag(Side{Target: true}.Target)},
		{"sourceSide", sourceSide, flag(Side{}.Target)},
	} {
		if test.text != fmt.Sprint(test.number) {
			t.Errorf("%s is %s, want %d", test.name, test.text, test.number)
		}
	}
}

// bareStatus is a comparison of a column of statuses, types or kinds with a number.
var bareStatus = regexp.MustCompile(`\b(status|kind|type|side|role|verdict|source)(_before|_after)? *(=|<>|<|>|IN) *\(?[0-9]`)

// TestStatusesAreNamed finds statements that compare a status with a bare number.
func TestStatusesAreNamed(t *testing.T) {
	for _, sample := range []string{"WHERE s.status <> 3", "kind IN (1, 2)", "status = 1,"} {
		if !bareStatus.MatchString(sample) {
			t.Errorf("%q is not found", sample)
		}
	}
	var files []string
	for _, pattern := range []string{"*.go", "fsck/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files are read", len(files))
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for number, line := range strings.Split(string(text), "\n") {
			if bareStatus.MatchString(line) {
				t.Errorf("%s:%d: name the number, see statuses.go: %s", file, number+1, strings.TrimSpace(line))
			}
		}
	}
}
