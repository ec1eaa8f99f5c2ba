package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

func simURL(id int64) string { return fmt.Sprintf("/api/v1/sim/%d", id) }

func memberURL(user, workspace int64) string {
	return fmt.Sprintf("/api/v2/user/%d/workspace/%d", user, workspace)
}

func readSIM(c *kit.Client, id int64) (s api.SIM) {
	c.T.Helper()
	c.Get(simURL(id)).Is(http.StatusOK).JSON(&s)
	return s
}

func eventsOf(c *kit.Client, id int64) (list []api.Event) {
	c.T.Helper()
	c.Get(simURL(id) + "/event?sort=id").Is(http.StatusOK).JSON(&list)
	return list
}

func status(id fleet.SIMStatus) string { return fmt.Sprintf(`{"status": {"id": %d}}`, id) }

// ofStatus are SIMs of Ferry, by the status that they start with.
var ofStatus = map[fleet.SIMStatus]int64{fleet.SIMIssued: kit.IssuedSIM, fleet.SIMActivated: kit.ActivatedSIM, fleet.SIMSuspended: kit.SuspendedSIM, fleet.SIMFactoryTest: kit.FactoryTestSIM}

// Every transition from every status: allowed ones write their event, others are refused and
// leave no trace.
func TestPatchTransitions(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		wanted := map[[2]fleet.SIMStatus]fleet.EventType{
			{fleet.SIMIssued, fleet.SIMActivated}:      fleet.EventSIMActivated,
			{fleet.SIMIssued, fleet.SIMFactoryTest}:    fleet.EventSIMFactoryTest,
			{fleet.SIMFactoryTest, fleet.SIMActivated}: fleet.EventSIMActivated,
			{fleet.SIMActivated, fleet.SIMSuspended}:   fleet.EventSIMSuspended,
			{fleet.SIMSuspended, fleet.SIMActivated}:   fleet.EventSIMActivated,
		}
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		for before, id := range ofStatus {
			for after := fleet.SIMIssued; after <= fleet.SIMFactoryTest+1; after++ {
				want, allowed := wanted[[2]fleet.SIMStatus{before, after}]
				switch {
				case allowed:
					checkTransition(t, user, id, before, after, want)
					s.Exec(fmt.Sprintf("UPDATE sims SET status = %d WHERE id = %d", before, id))
				case before == after:
					s.Untouched("the same status again", func() { user.Patch(simURL(id), status(after)).Is(http.StatusNoContent) })
				default:
					s.Untouched("a refused step", func() { wantCode(t, user.Patch(simURL(id), status(after)), http.StatusBadRequest, 1000) })
				}
			}
		}
	})
}

func checkTransition(t *testing.T, user *kit.Client, id int64, before, after fleet.SIMStatus, event fleet.EventType) {
	t.Helper()
	known := len(eventsOf(user, id))
	if got := user.Patch(simURL(id), status(after)).Is(http.StatusNoContent); len(got.Body) != 0 {
		t.Errorf("%s to %s: the body is %s", before, after, got.Body)
	}
	if now := readSIM(user, id).Status; now != (api.Ref{ID: int64(after), Description: after.String()}) {
		t.Errorf("%s to %s: it is %v", before, after, now)
	}
	events := eventsOf(user, id)
	if len(events) != known+1 {
		t.Fatalf("%s to %s: %d new events", before, after, len(events)-known)
	}
	got := events[known]
	want := api.Event{
		ID: got.ID, Timestamp: got.Timestamp, Description: fmt.Sprintf("Status of SIM changed from '%s' to '%s'", before, after),
		Type:         api.Ref{ID: int64(event), Description: event.String()},
		Source:       api.Ref{ID: 2, Description: "API"},
		Severity:     api.Ref{ID: 0, Description: "Info"},
		Organisation: api.NamedRef{ID: kit.FleetDE, Name: "Fleet DE"},
		User:         &api.EventUser{ID: 4, Username: "user@example.com", Name: "User"},
		SIM:          &api.EventSIM{ID: id, ICCID: fmt.Sprintf("8988303000000000%d", id)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s to %s (-want +got):\n%s", before, after, diff)
	}
}

func TestActivationDateIsSetOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		if date := readSIM(user, kit.IssuedSIM).ActivationDate; date != nil {
			t.Fatalf("an Issued SIM was activated %v", date)
		}
		s.Clock.Advance(time.Minute)
		first := s.Clock.Now()
		for _, next := range []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMActivated} {
			user.Patch(simURL(kit.IssuedSIM), status(next)).Is(http.StatusNoContent)
			s.Clock.Advance(time.Minute)
		}
		if date := readSIM(user, kit.IssuedSIM).ActivationDate; date == nil || !date.Equal(first) {
			t.Errorf("activated %v, want %v", date, first)
		}
		s.CheckInvariants()
	})
}

func TestPatchOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com").With("Idempotency-Key", `"k 1"`)
		if got := user.Patch(simURL(kit.IssuedSIM), status(1)).Is(http.StatusNoContent); got.Header.Get("Idempotent-Replayed") != "" {
			t.Error("the first is a replay")
		}
		user.With("Idempotency-Key", "k2").Patch(simURL(kit.IssuedSIM), status(2)).Is(http.StatusNoContent)
		s.Untouched("a replay", func() { // which would be a step back otherwise
			if got := user.With("Idempotency-Key", "k 1").Patch(simURL(kit.IssuedSIM)+".0", `{"status": {"description": "Activated", "id": 1.0}}`).Is(http.StatusNoContent); got.Header.Get("Idempotent-Replayed") != "true" {
				t.Error("the second is not a replay")
			}
		})
		for path, body := range map[string]string{simURL(kit.IssuedSIM): status(2), simURL(kit.SuspendedSIM): status(1)} {
			wantCode(t, user.Patch(path, body), http.StatusUnprocessableEntity, 1406)
		}
		s.As("admin@example.com").With("Idempotency-Key", "k 1").Patch(simURL(kit.SuspendedSIM), status(1)).Is(http.StatusNoContent) // another's key
		refused := user.With("Idempotency-Key", "k3")
		wantCode(t, refused.Patch(simURL(kit.IssuedSIM), status(0)), http.StatusBadRequest, 1000)
		refused.Patch(simURL(kit.IssuedSIM), status(1)).Is(http.StatusNoContent) // a refusal uses up no key
		for _, bad := range []string{"", `""`, "é", strings.Repeat("k", 256)} {
			wantCode(t, user.With("Idempotency-Key", bad).Patch(simURL(kit.IssuedSIM), status(1)), http.StatusBadRequest, 1000)
		}
	})
}

func TestContract_SIMModel(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := kit.StartFerry(t, e).Seed(few).As("few@example.com")
		standard := api.Model{
			ID: 1, Description: "Standard SIM", MemorySize: 128,
			FormFactor: api.NamedRef{ID: 1, Name: "2FF/3FF/4FF"}, Manufacturer: api.NamedRef{ID: 1, Name: "Unknown"},
		}
		industrial := api.Model{
			ID: 7, Description: "Industrial MFF2", MemorySize: 256,
			FormFactor: api.NamedRef{ID: 4, Name: "MFF2"}, Manufacturer: api.NamedRef{ID: 9, Name: "Ferry Cards"},
		}
		for id, want := range map[int64]api.Model{11: standard, 12: industrial, 13: standard} {
			if diff := cmp.Diff(want, readSIM(c, id).Model); diff != "" {
				t.Errorf("SIM %d (-want +got):\n%s", id, diff)
			}
		}
	})
}

func TestContract_PatchOwner(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		s.Untouched("another owner", func() {
			for _, body := range []string{
				fmt.Sprintf(`{"status": {"id": 1}, "customer_org": {"id": %d}}`, kit.FleetFR), `{"status": {"id": 1}, "customer_org": null}`,
				fmt.Sprintf(`{"status": {"id": 1}, "issuer_org": {"id": %d}}`, kit.FleetDE), fmt.Sprintf(`{"status": {"id": 1}, "reseller_org": {"id": %d}}`, kit.Reseller),
			} {
				got := wantCode(t, admin.Patch(simURL(kit.IssuedSIM), body), http.StatusForbidden, 1104)
				if want := "POST " + migration; !strings.Contains(got.Message, want) {
					t.Errorf("%s: %s", body, got.Message)
				}
			}
		})
		wantCode(t, admin.Patch(simURL(kit.IssuedSIM), `{"status": {"id": 1}, "customer_org": {"id": "100"}}`), http.StatusBadRequest, 1000)
		admin.Patch(simURL(kit.IssuedSIM), fmt.Sprintf(`{"status": {"id": 1}, "customer_org": {"id": %d}, "issuer_org": {"id": 1}, "reseller_org": null}`, kit.FleetDE)).Is(http.StatusNoContent)
	})
}

// A client reads a SIM, changes a property, and sends all of it back.
func TestContract_PatchTolerates(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		for _, id := range []int64{kit.AttachedSIM, kit.ActivatedSIM} { // with a device and without
			before := readSIM(user, id)
			var body object
			user.Get(simURL(id)).JSON(&body)
			body["status"] = object{"id": 2, "description": "Activated"}
			body["imsi"], body["id"], body["endpoint"] = "000", 1, nil
			user.Patch(simURL(id), body).Is(http.StatusNoContent)
			before.Status = api.Ref{ID: 2, Description: "Suspended"}
			if diff := cmp.Diff(before, readSIM(user, id)); diff != "" {
				t.Errorf("SIM %d (-want +got):\n%s", id, diff)
			}
		}
		var list []json.RawMessage
		user.Get("/api/v1/sim?q=id:253").Is(http.StatusOK).JSON(&list)
		user.Patch(simURL(kit.SuspendedSIM), string(list[0])).Is(http.StatusNoContent)
		wantCode(t, user.Patch(simURL(kit.SuspendedSIM), `{"status": {"id": 1}, "model": {"a": 1, "a": 2}}`), http.StatusBadRequest, 1000)
	})
}

// The issuer of a SIM sees it; the response has its dates and owners.
func TestReadSIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		got := readSIM(s.As("observer@example.com"), kit.AttachedSIM)
		de := &api.Country{ID: 276, Name: "Germany", ISOCode: "de", MCC: "262", CountryCode: "49"}
		want := api.SIM{
			ID: kit.AttachedSIM, ICCID: kit.ICCID(kit.AttachedSIM), ICCIDWithLuhn: got.ICCIDWithLuhn, IMSI: "295050000000250", MSISDN: "423660000000250",
			Status: api.Ref{ID: 1, Description: "Activated"}, ProductionDate: got.ProductionDate, ActivationDate: got.ActivationDate,
			CustomerOrg: &api.WorkspaceRef{ID: kit.FleetDE, Name: "Fleet DE", Country: de}, IssuerOrg: &api.WorkspaceRef{ID: kit.Issuer, Name: "Issuer", Country: de},
			Endpoint: &api.NamedRef{ID: kit.DeviceWithSIM, Name: "tracker-7"}, Model: got.Model,
		}
		if diff := cmp.Diff(want, got); diff != "" || got.ActivationDate == nil || len(got.ICCIDWithLuhn) != 20 {
			t.Errorf("%+v (-want +got):\n%s", got, diff)
		}
		if diff := cmp.Diff(got, readSIM(s.As("issuer@example.com"), kit.AttachedSIM)); diff != "" {
			t.Errorf("the issuer sees another SIM (-observer +issuer):\n%s", diff)
		}
		for _, id := range []string{"x", "1.5", "9223372036854775808", "%00", "0x10", "%20"} {
			if got := s.As("observer@example.com").Get("/api/v1/sim/" + id); got.Status != http.StatusBadRequest && got.Status != http.StatusNotFound {
				t.Errorf("%s: %d", id, got.Status)
			}
		}
	})
}
