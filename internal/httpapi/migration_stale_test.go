package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// What a 412 reports for each SIM that changed since the preview, and what it must not
// disclose.

func gonePreviewed(id int64, iccid string) api.StaleSIM {
	s := api.StaleSIM{ID: id, ICCID: iccid, Changes: []api.StaleChange{{Property: "sim", Was: found, Now: notFound}}}
	if iccid != "" {
		s.ICCIDWithLuhn = iccid + string(luhn(iccid))
	}
	return s
}

// luhn returns the check digit of an ICCID.
func luhn(iccid string) byte {
	sum := 0
	for i := range len(iccid) {
		d := int(iccid[len(iccid)-1-i] - '0')
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

func TestStaleErrorListsChanges(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		root := s.As("root@example.com")
		o := withDetach(migrationTo(kit.FleetUS, kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM))
		tag := previewed(admin, o)

		admin.Patch(simURL(kit.ActivatedSIM), toStatus(2)).Is(http.StatusNoContent)
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), kit.IssuedSIM)                 // where the caller is a member
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.Elsewhere, kit.SuspendedSIM))), kit.SuspendedSIM)         // where not
		wantMigration(t, root.Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM)))), kit.AttachedSIM) // there and back,
		wantMigration(t, root.Post(migration, realRun(withDetach(migrationTo(kit.FleetDE, kit.AttachedSIM)))), kit.AttachedSIM) // without its device
		admin.Patch(simURL(kit.FactoryTestSIM), toStatus(1)).Is(http.StatusNoContent)

		s.Untouched("a stale run", func() {
			wantStale(t, ifMatch(admin, tag, o),
				drifted(kit.AttachedSIM, statusChange(1, 2), api.StaleChange{Property: "device", Was: &api.StaleValue{ID: kit.DeviceWithSIM, Name: "tracker-7"}}),
				drifted(kit.ActivatedSIM, statusChange(1, 2)),
				drifted(kit.IssuedSIM, movedAway()),
				gonePreviewed(kit.SuspendedSIM, ""),
				drifted(kit.FactoryTestSIM, statusChange(4, 1)))
		})
		a := ifMatch(admin, tag, o)
		if bytes.Contains(a.Body, []byte("Elsewhere")) || bytes.Contains(a.Body, []byte(`"id":900,`)) || bytes.Contains(a.Body, []byte(ferrySIMs[kit.SuspendedSIM].ICCID)) {
			t.Errorf("it reveals a Workspace of which the caller is not a member: %s", a.Body)
		}
	})
}

// The device that a SIM was in has the name of that time, whatever SIM is in it now and
// whatever it is called since.
func TestStaleNamesDevicesAsTheyWere(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		_, admin := startFerry(t, e)
		o := withDetach(migrationTo(kit.FleetUS, kit.AttachedSIM, kit.IssuedSIM))
		tag := previewed(admin, o)
		device := func(o object) { admin.Patch(deviceURL(kit.DeviceWithSIM), o).Is(http.StatusNoContent) }
		device(object{"sim": object{"id": nil}})
		device(object{"name": "renamed"})
		device(object{"sim": object{"id": kit.IssuedSIM, "activate": false}})
		wantStale(t, ifMatch(admin, tag, o),
			drifted(kit.AttachedSIM, api.StaleChange{Property: "device", Was: &api.StaleValue{ID: kit.DeviceWithSIM, Name: "tracker-7"}}),
			drifted(kit.IssuedSIM, api.StaleChange{Property: "device", Now: &api.StaleValue{ID: kit.DeviceWithSIM, Name: "renamed"}}))
	})
}

// A SIM that the caller can no longer see is reported like a deleted one, by the identifier of
// the request.
func TestStaleHidesTheNewWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		byID, byICCID := migrationTo(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM), migrationOfICCIDs(kit.FleetFR, ferrySIMs[kit.ActivatedSIM].ICCID, ferrySIMs[kit.IssuedSIM].ICCID, ferrySIMs[kit.SuspendedSIM].ICCID)
		idTag, iccidTag := previewed(admin, byID), previewed(admin, byICCID)
		wantMigration(t, s.As("root@example.com").Post(migration, realRun(migrationTo(kit.Elsewhere, kit.IssuedSIM))), kit.IssuedSIM)
		s.Exec(fmt.Sprintf("UPDATE sims SET status = 3 WHERE id = %d", kit.SuspendedSIM))
		wantStale(t, ifMatch(admin, idTag, byID), gonePreviewed(kit.IssuedSIM, ""), gonePreviewed(kit.SuspendedSIM, ""))
		withoutID := func(id int64) api.StaleSIM { return gonePreviewed(0, ferrySIMs[id].ICCID) }
		wantStale(t, ifMatch(admin, iccidTag, byICCID), withoutID(kit.IssuedSIM), withoutID(kit.SuspendedSIM))
		// Without a preview it is a 404, and the same for both.
		wantNotFound(t, admin.Post(migration, realRun(byID)), "sim with id 252 not found", "sim with id 253 not found")
	})
}

func TestStaleRange(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		root := s.As("root@example.com")
		span := migrationOfRange(kit.FleetUS, kit.ICCID(kit.ActivatedSIM), "8988303000000000259")
		tag := previewed(admin, span)

		// SIM 290, number ...256, was in a Workspace out of sight: for the caller it is new.
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.FleetDE, kit.SIMElsewhere))), kit.SIMElsewhere)
		newcomer := api.StaleSIM{
			ID: kit.SIMElsewhere, ICCID: kit.ICCID(kit.SIMElsewhere), ICCIDWithLuhn: kit.ICCID(kit.SIMElsewhere) + string(luhn(kit.ICCID(kit.SIMElsewhere))),
			Changes: []api.StaleChange{{Property: "sim", Was: notFound, Now: found}},
		}
		wantStale(t, ifMatch(admin, tag, span), newcomer)
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.Elsewhere, kit.IssuedSIM))), kit.IssuedSIM)
		admin.Patch(simURL(kit.SuspendedSIM), toStatus(1)).Is(http.StatusNoContent)
		wantStale(t, ifMatch(admin, tag, span), gonePreviewed(0, ferrySIMs[kit.IssuedSIM].ICCID), drifted(kit.SuspendedSIM, statusChange(2, 1)), newcomer)

		// The newcomer leaves again, and the other comes back: changed and changed back.
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.Elsewhere, kit.SIMElsewhere))), kit.SIMElsewhere)
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.FleetDE, kit.IssuedSIM))), kit.IssuedSIM)
		admin.Patch(simURL(kit.SuspendedSIM), toStatus(2)).Is(http.StatusNoContent)
		wantStale(t, ifMatch(admin, tag, span), drifted(kit.IssuedSIM), drifted(kit.SuspendedSIM))
		wantMigration(t, ifMatch(admin, previewed(admin, span), span), kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)

		// All of them gone.
		back := realRun(migrationTo(kit.FleetDE, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM))
		wantMigration(t, admin.Post(migration, back), kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)
		tag = previewed(admin, span)
		wantMigration(t, root.Post(migration, realRun(migrationTo(kit.Elsewhere, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM))), kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)
		wantStale(t, ifMatch(admin, tag, span),
			gonePreviewed(0, ferrySIMs[kit.ActivatedSIM].ICCID), gonePreviewed(0, ferrySIMs[kit.IssuedSIM].ICCID), gonePreviewed(0, ferrySIMs[kit.SuspendedSIM].ICCID), gonePreviewed(0, ferrySIMs[kit.FactoryTestSIM].ICCID))
		s.CheckInvariants()
	})
}

// A forged tag, and one of another caller, disclose no more than the request itself.
func TestStaleTagsOfOthers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		stranger := s.As("stranger@example.com")
		o := migrationTo(kit.FleetFR, kit.IssuedSIM)
		tag := previewed(admin, o)
		wantNotFound(t, ifMatch(stranger, tag, o), "workspace with id 200 not found", "sim with id 252 not found")
		wantOtherRequest(t, ifMatch(stranger, `"x"`, o))

		// Administrator of the target only: sources are not disclosed.
		s.SetRole(kit.StrangerID, kit.FleetFR, 1)
		a := ifMatch(stranger, tag, o)
		wantStale(t, a, gonePreviewed(kit.IssuedSIM, ""))
		wantMigration(t, admin.Post(migration, realRun(o)), kit.IssuedSIM)
		a = ifMatch(stranger, tag, o)
		wantStale(t, a, api.StaleSIM{
			ID: kit.IssuedSIM, ICCID: ferrySIMs[kit.IssuedSIM].ICCID, ICCIDWithLuhn: ferrySIMs[kit.IssuedSIM].ICCIDWithLuhn,
			Changes: []api.StaleChange{{Property: "sim", Was: notFound, Now: found}},
		})
		if strings.Contains(string(a.Body), "Fleet DE") {
			t.Errorf("it reveals a Workspace of which the caller is not a member: %s", a.Body)
		}
		// A tag is valid for every caller who may run the same request over the same SIMs.
		tag = previewed(admin, migrationTo(kit.FleetUS, kit.IssuedSIM))
		wantMigration(t, ifMatch(s.As("root@example.com"), tag, migrationTo(kit.FleetUS, kit.IssuedSIM)), kit.IssuedSIM)
	})
}
