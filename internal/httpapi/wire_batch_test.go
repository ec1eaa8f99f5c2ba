package httpapi_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// batched returns the Ferry world with a batch of three SIMs in the stock of their issuer.
func batched(t testing.TB, e kit.Engine) *kit.Server {
	t.Helper()
	s := kit.StartFerry(t, e)
	if _, err := s.Import("id,iccid,workspace,issuer,bic,status\n" +
		"5001,8988303000000005001,1,1,1234567890123456,issued\n" +
		"5002,8988303000000005002,1,1,1234567890123456,factory_test\n" +
		"5003,8988303000000005003,1,1,1234567890123456,suspended\n" +
		"5004,8988303000000005004,1,1,,issued\n"); err != nil {
		t.Fatal(err)
	}
	return s
}

const batchURL = "/api/v1/sim_batch/bic/"

func TestContract_BatchRegistration(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		for body, statuses := range map[string][]int64{
			`{"sim_status": {"id": 1}}`:               {1, 1, 1},
			`{"id": 1.0, "description": "Activated"}`: {1, 1, 1},
			`{"id": 0}`: {0, 4, 2},
			`{"sim_status": {"id": 4, "description": "Factory Test"}}`: {4, 4, 2},
		} {
			s := batched(t, e)
			user := s.As("user@example.com")
			before := readBatch(t, user.Get(batchURL+"1234567890123456"))
			want := api.BatchInfo{
				ID: 5001, BIC: "1234567890123456", BSN: "1234567890123456", Quantity: 3, Status: api.Ref{ID: 0, Description: "Not registered"},
				Model: before.Model, IssuerOrgID: 1, CustomerOrgID: 1, SIMModelID: 1,
			}
			if diff := cmp.Diff(want, before); diff != "" || before.Model.ID != 1 {
				t.Errorf("the batch (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, readBatch(t, user.Get(batchURL+"%231234567890123456"))); diff != "" {
				t.Errorf("with # before the code (-want +got):\n%s", diff)
			}
			done := decodeSIMs(t, user.Patch(batchURL+"1234567890123456", body))
			for i, sim := range done {
				if sim.ID != 5001+int64(i) || sim.Status.ID != statuses[i] || sim.CustomerOrg.ID != kit.FleetDE || sim.IssuerOrg.ID != kit.Issuer {
					t.Errorf("%s: %+v", body, sim)
				}
				if diff := cmp.Diff(sim, readSIM(user, sim.ID)); diff != "" {
					t.Errorf("answered (-) and read (+):\n%s", diff)
				}
			}
			var events []api.Event
			user.Get("/api/v1/event?q=event_type:48|69").Is(http.StatusOK).JSON(&events)
			if len(events) != 2 || events[0].Description != "Batch 1234567890123456 registered with 3 SIMs" || events[0].Type.ID != 48 ||
				events[1].Description != "3 SIMs migrated from workspace Issuer (1)" {
				t.Errorf("%+v", events)
			}
			s.Untouched("a code that was used", func() {
				stranger := s.As("stranger@example.com")
				for range 21 { // its own Workspace has no limit
					wantBadRequest(t, user.Get(batchURL+"1234567890123456"), "bic: the batch is already registered")
				}
				wantBadRequest(t, stranger.Get(batchURL+"1234567890123456"), "bic: the batch is already registered")
				for _, c := range []*kit.Client{user, stranger} {
					wantCode(t, c.Patch(batchURL+"1234567890123456", body), http.StatusUnprocessableEntity, 1400)
				}
			})
			if _, err := s.Import("iccid,workspace,issuer,bic\n8988303000000005009,1,1,1234567890123456\n"); err == nil {
				t.Error("a SIM was imported into a registered batch")
			}
			s.CheckInvariants()
			s.MustFsck()
		}
	})
}

func readBatch(t *testing.T, a *kit.Answer) api.BatchInfo {
	t.Helper()
	return decodeBody[api.BatchInfo](t, a, http.StatusOK)
}

func decodeSIMs(t *testing.T, a *kit.Answer) []api.SIM {
	t.Helper()
	got := decodeBody[api.Batch](t, a, http.StatusOK)
	if len(got.SIMs) != 3 {
		t.Fatalf("%s: %s", a.Request, a.Body)
	}
	return got.SIMs
}

func TestContract_BatchRefused(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := batched(t, e)
		user, admin := s.As("user@example.com"), s.As("admin@example.com")
		brazil, shut, reseller := admin.In(kit.FleetBR), admin.In(kit.SuspendedFleet), admin.In(kit.Reseller)
		s.Untouched("a refused batch", func() {
			for _, code := range []string{"123456789012345", "12345678901234567", "123456789012345x", "x", "1234567890123456.0", "%00", "%23%231234567890123456", "1234567890123456%23", "%23"} {
				wantCode(t, user.Get(batchURL+code), http.StatusBadRequest, 1000)
				wantCode(t, user.Patch(batchURL+code, `{"id": 1}`), http.StatusBadRequest, 1000)
			}
			for _, body := range []string{
				"", "{}", "[]", `{"sim_status": null}`, `{"sim_status": {"id": 1}, "id": 1}`, `{"sim_status": {"id": 2}}`, `{"id": 3}`, `{"id": "1"}`,
				`{"description": "Activated"}`, `{"id": null}`, `{"status": {"id": 1}}`,
			} {
				wantCode(t, user.Patch(batchURL+"1234567890123456", body), http.StatusBadRequest, 1000)
			}
			for _, c := range []*kit.Client{brazil, shut, reseller} {
				if got := c.Patch(batchURL+"1234567890123456", `{"id": 1}`); got.Status != http.StatusConflict {
					t.Errorf("%d %s", got.Status, got.Body)
				}
			}
			wantCode(t, user.Get(batchURL+"6543210987654321"), http.StatusNotFound, 1201)
			unknown := wantCode(t, user.Patch(batchURL+"6543210987654321", `{"id": 1}`), http.StatusUnprocessableEntity, 1400)
			if len(unknown.Errors) != 1 || unknown.Errors[0].ErrorCode != 1401 {
				t.Errorf("%+v", unknown)
			}
		})
		// A SIM that moved to another Workspace individually blocks the batch; SIMs that moved
		// here individually, and deleted ones, are no longer in it.
		issuer := s.As("issuer@example.com")
		changeCustomer(issuer, 5001, kit.FleetUS).Is(http.StatusNoContent)
		wantCode(t, user.Patch(batchURL+"1234567890123456", `{"id": 0}`), http.StatusUnprocessableEntity, 1400)
		if got := wantCode(t, user.Get(batchURL+"1234567890123456"), http.StatusUnprocessableEntity, 1400); got.Message != "bic: the batch has SIMs of another Workspace" {
			t.Errorf("%+v", got)
		}
		changeCustomer(issuer, 5001, kit.FleetDE).Is(http.StatusNoContent)
		deleteSIM(issuer, 5002).Is(http.StatusNoContent)
		if got := readBatch(t, user.Get(batchURL+"1234567890123456")); got.Quantity != 1 || got.ID != 5003 {
			t.Errorf("%+v", got)
		}
		var left api.Batch
		if user.Patch(batchURL+"1234567890123456", `{"id": 0}`).Is(http.StatusOK).JSON(&left); len(left.SIMs) != 1 || left.SIMs[0].ID != 5003 {
			t.Errorf("%+v", left)
		}
		s.MustFsck()
	})
}

func TestContract_BatchGuesses(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := batched(t, e)
		user := s.As("user@example.com")
		for range 20 {
			user.Get(batchURL + "0000000000000000").Is(http.StatusNotFound)
		}
		for _, a := range []*kit.Answer{user.Get(batchURL + "1234567890123456"), s.As("admin@example.com").Patch(batchURL+"1234567890123456", `{"id": 1}`)} {
			wantCode(t, a, http.StatusTooManyRequests, 1105)
			if a.Header.Get("Retry-After") != "3600" {
				t.Errorf("%v", a.Header)
			}
		}
		s.As("target@example.com").Get(batchURL + "1234567890123456").Is(http.StatusOK) // of another Workspace
		s.Clock.Advance(time.Hour + time.Second)
		user.Get(batchURL + "1234567890123456").Is(http.StatusOK)
	})
}

// Of concurrent registrations of a batch, one succeeds.
func TestRegisterConcurrently(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := batched(t, e)
		clients := []*kit.Client{s.As("user@example.com"), s.As("target@example.com"), s.As("admin@example.com").In(kit.FleetUS)}
		won := 0
		for _, a := range concurrently(9, func(i int) *kit.Answer { return clients[i%3].Patch(batchURL+"1234567890123456", `{"id": 1}`) }) {
			switch a.Status {
			case http.StatusOK:
				won++
			case http.StatusUnprocessableEntity:
			default:
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		if won != 1 {
			t.Errorf("%d have it", won)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

func TestRegisterOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := batched(t, e)
		user := s.As("user@example.com").With("Idempotency-Key", "k")
		first := user.Patch(batchURL+"1234567890123456", `{"sim_status": {"id": 1}}`).Is(http.StatusOK)
		s.Untouched("a replay", func() {
			again := user.Patch(batchURL+"1234567890123456", `{"id": 1}`).Is(http.StatusOK)
			if again.Header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(again.Body, first.Body) {
				t.Errorf("%v %s", again.Header, again.Body)
			}
		})
	})
}

func TestCountries(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		var list []api.Country
		kit.StartFerry(t, e).As("observer@example.com").Get("/api/v1/country").Is(http.StatusOK).JSON(&list)
		found := false
		for _, c := range list {
			found = found || c == api.Country{ID: 276, Name: "Germany", ISOCode: "de", MCC: "262", CountryCode: "49"}
		}
		if len(list) < 240 || !found {
			t.Errorf("%d countries; Germany is there: %v", len(list), found)
		}
	})
}
