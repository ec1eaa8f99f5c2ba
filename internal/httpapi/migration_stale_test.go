package httpapi_test

import (
	"bytes"
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

// luhn is the check digit of an ICCID.
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
		o := withDetach(migrationTo(300, 250, 251, 252, 253, 254))
		tag := previewed(admin, o)

		admin.Patch(simPath(251), toStatus(2)).Is(http.StatusNoContent)
		wantMigration(t, root.Post(migration, realRun(migrationTo(200, 252))), 252)             // where the caller is a member
		wantMigration(t, root.Post(migration, realRun(migrationTo(900, 253))), 253)             // where not
		wantMigration(t, root.Post(migration, realRun(withDetach(migrationTo(200, 250)))), 250) // there and back,
		wantMigration(t, root.Post(migration, realRun(withDetach(migrationTo(100, 250)))), 250) // without its device
		admin.Patch(simPath(254), toStatus(1)).Is(http.StatusNoContent)

		s.Untouched("a stale run", func() {
			wantStale(t, ifMatch(admin, tag, o),
				drifted(250, statusChange(1, 2), api.StaleChange{Property: "device", Was: &api.StaleValue{ID: 9001, Name: "tracker-7"}}),
				drifted(251, statusChange(1, 2)),
				drifted(252, movedAway()),
				gonePreviewed(253, ""),
				drifted(254, statusChange(4, 1)))
		})
		a := ifMatch(admin, tag, o)
		if bytes.Contains(a.Body, []byte("Elsewhere")) || bytes.Contains(a.Body, []byte(`"id":900,`)) || bytes.Contains(a.Body, []byte(ferrySIMs[253].ICCID)) {
			t.Errorf("it reveals a Workspace of which the caller is not a member: %s", a.Body)
		}
	})
}

// The device that a SIM was in has the name of that time, whatever SIM is in it now and
// whatever it is called since.
func TestStaleNamesDevicesAsTheyWere(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		_, admin := startFerry(t, e)
		o := withDetach(migrationTo(300, 250, 252))
		tag := previewed(admin, o)
		device := func(o object) { admin.Patch("/api/v1/endpoint/9001", o).Is(http.StatusNoContent) }
		device(object{"sim": object{"id": nil}})
		device(object{"name": "renamed"})
		device(object{"sim": object{"id": 252, "activate": false}})
		wantStale(t, ifMatch(admin, tag, o),
			drifted(250, api.StaleChange{Property: "device", Was: &api.StaleValue{ID: 9001, Name: "tracker-7"}}),
			drifted(252, api.StaleChange{Property: "device", Now: &api.StaleValue{ID: 9001, Name: "renamed"}}))
	})
}

// A SIM that the caller can no longer see is reported like a deleted one, by the identifier of
// the request.
func TestStaleHidesTheNewWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		byID, byICCID := migrationTo(200, 251, 252, 253), migrationOfICCIDs(200, ferrySIMs[251].ICCID, ferrySIMs[252].ICCID, ferrySIMs[253].ICCID)
		idTag, iccidTag := previewed(admin, byID), previewed(admin, byICCID)
		wantMigration(t, s.As("root@example.com").Post(migration, realRun(migrationTo(900, 252))), 252)
		s.Exec("UPDATE sims SET status = 3 WHERE id = 253")
		wantStale(t, ifMatch(admin, idTag, byID), gonePreviewed(252, ""), gonePreviewed(253, ""))
		withoutID := func(id int64) api.StaleSIM { return gonePreviewed(0, ferrySIMs[id].ICCID) }
		wantStale(t, ifMatch(admin, iccidTag, byICCID), withoutID(252), withoutID(253))
		// Without a preview it is a 404, and the same for both.
		wantNotFound(t, admin.Post(migration, realRun(byID)), "sim with id 252 not found", "sim with id 253 not found")
	})
}

func TestStaleRange(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		root := s.As("root@example.com")
		span := migrationOfRange(300, "8988303000000000251", "8988303000000000259")
		tag := previewed(admin, span)

		// SIM 290, number ...256, was in a Workspace out of sight: for the caller it is new.
		wantMigration(t, root.Post(migration, realRun(migrationTo(100, 290))), 290)
		newcomer := api.StaleSIM{
			ID: 290, ICCID: "8988303000000000256", ICCIDWithLuhn: "8988303000000000256" + string(luhn("8988303000000000256")),
			Changes: []api.StaleChange{{Property: "sim", Was: notFound, Now: found}},
		}
		wantStale(t, ifMatch(admin, tag, span), newcomer)
		wantMigration(t, root.Post(migration, realRun(migrationTo(900, 252))), 252)
		admin.Patch(simPath(253), toStatus(1)).Is(http.StatusNoContent)
		wantStale(t, ifMatch(admin, tag, span), gonePreviewed(0, ferrySIMs[252].ICCID), drifted(253, statusChange(2, 1)), newcomer)

		// The newcomer leaves again, and the other comes back: changed and changed back.
		wantMigration(t, root.Post(migration, realRun(migrationTo(900, 290))), 290)
		wantMigration(t, root.Post(migration, realRun(migrationTo(100, 252))), 252)
		admin.Patch(simPath(253), toStatus(2)).Is(http.StatusNoContent)
		wantStale(t, ifMatch(admin, tag, span), drifted(252), drifted(253))
		wantMigration(t, ifMatch(admin, previewed(admin, span), span), 251, 252, 253, 254)

		// All of them gone.
		back := realRun(migrationTo(100, 251, 252, 253, 254))
		wantMigration(t, admin.Post(migration, back), 251, 252, 253, 254)
		tag = previewed(admin, span)
		wantMigration(t, root.Post(migration, realRun(migrationTo(900, 251, 252, 253, 254))), 251, 252, 253, 254)
		wantStale(t, ifMatch(admin, tag, span),
			gonePreviewed(0, ferrySIMs[251].ICCID), gonePreviewed(0, ferrySIMs[252].ICCID), gonePreviewed(0, ferrySIMs[253].ICCID), gonePreviewed(0, ferrySIMs[254].ICCID))
		s.CheckInvariants()
	})
}

// A forged tag, and one of another caller, disclose no more than the request itself.
func TestStaleTagsOfOthers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		stranger := s.As("stranger@example.com")
		o := migrationTo(200, 252)
		tag := previewed(admin, o)
		wantNotFound(t, ifMatch(stranger, tag, o), "workspace with id 200 not found", "sim with id 252 not found")
		wantOtherRequest(t, ifMatch(stranger, `"x"`, o))

		// Administrator of the target only: sources are not disclosed.
		s.SetRole(5, 200, 1)
		a := ifMatch(stranger, tag, o)
		wantStale(t, a, gonePreviewed(252, ""))
		wantMigration(t, admin.Post(migration, realRun(o)), 252)
		a = ifMatch(stranger, tag, o)
		wantStale(t, a, api.StaleSIM{
			ID: 252, ICCID: ferrySIMs[252].ICCID, ICCIDWithLuhn: ferrySIMs[252].ICCIDWithLuhn,
			Changes: []api.StaleChange{{Property: "sim", Was: notFound, Now: found}},
		})
		if strings.Contains(string(a.Body), "Fleet DE") {
			t.Errorf("it reveals a Workspace of which the caller is not a member: %s", a.Body)
		}
		// A tag is valid for every caller who may run the same request over the same SIMs.
		tag = previewed(admin, migrationTo(300, 252))
		wantMigration(t, ifMatch(s.As("root@example.com"), tag, migrationTo(300, 252)), 252)
	})
}
