package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

func deleteSIM(c *kit.Client, id int64) *kit.Answer {
	c.T.Helper()
	return c.Do(http.MethodDelete, simURL(id), nil)
}

func deleteMany(c *kit.Client, body any) *kit.Answer {
	c.T.Helper()
	return c.Do(http.MethodDelete, "/api/v1/sim/multi", body)
}

// From every status, with event 10; then only a filter for deleted SIMs finds it.
func TestDeleteSIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		for before, id := range ofStatus {
			if got := deleteSIM(user, id).Is(http.StatusNoContent); len(got.Body) != 0 {
				t.Errorf("SIM %d: %s", id, got.Body)
			}
			gone := fmt.Sprintf("sim with id %d not found", id)
			for _, again := range []*kit.Answer{user.Get(simURL(id)), deleteSIM(user, id), user.Patch(simURL(id), status(1))} {
				if e := wantCode(t, again, http.StatusNotFound, 1201); e.Message != gone {
					t.Errorf("%s: %s", again.Request, e.Message)
				}
			}
			events := eventsOf(user, id)
			if len(events) != 1 || events[0].Type.ID != 10 || events[0].Description != fmt.Sprintf("Status of SIM changed from '%s' to 'Deleted'", before) {
				t.Errorf("SIM %d: %+v", id, events)
			}
		}
		if got := listed(user, "/api/v1/sim", q("status:3,id:251|252|253|254|255")); len(got) != 5 {
			t.Errorf("deleted SIMs: %v", got)
		}
		s.Untouched("a SIM in a device", func() { wantCode(t, deleteSIM(user, kit.AttachedSIM), http.StatusConflict, 1406) })
		s.CheckInvariants()
		s.MustFsck()
	})
}

// Every filter of SIMs finds a deleted one together with a filter by status, for each kind of
// reader.
func TestFiltersFindDeletedSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		s.Exec(fmt.Sprintf("UPDATE sims SET eid = '89049032000000000000000000000255', reseller_id = 600 WHERE id = %d", kit.DeletedSIM))
		iccid := kit.ICCID(kit.DeletedSIM)
		for _, as := range []string{"user@example.com", "issuer@example.com"} {
			for _, filter := range []string{
				"id:255", "iccid:" + iccid, "iccid:" + iccid[:18], "iccid_with_luhn:" + fleet.ICCID(iccid).WithLuhn(), "imsi:295050000000255", "msisdn:423660000000255",
				"eid:89049032000000000000000000000255", "customer_org:100", "issuer_org:1", "reseller_org:600", "status:3",
			} {
				for _, status := range []string{"status:3", "status:0|3"} {
					for _, text := range []string{filter + "," + status, status + "," + filter} {
						if got := listed(s.As(as), "/api/v1/sim", q(text+",id:255")); !slices.Equal(got, []int64{kit.DeletedSIM}) {
							t.Errorf("%s, q=%s: %v", as, text, got)
						}
						if got := listed(s.As(as), "/api/v1/sim", q(text)); !slices.Contains(got, kit.DeletedSIM) {
							t.Errorf("%s, q=%s: %v", as, text, got)
						}
					}
				}
				if got := listed(s.As(as), "/api/v1/sim", q(filter)); slices.Contains(got, kit.DeletedSIM) != (filter == "status:3") {
					t.Errorf("%s, q=%s: %v", as, filter, got)
				}
			}
		}
	})
}

func TestDeleteSIMOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		user := kit.StartFerry(t, e).As("user@example.com").With("Idempotency-Key", "k")
		for i, path := range []string{simURL(kit.IssuedSIM), simURL(kit.IssuedSIM) + ".0"} {
			got := user.Do(http.MethodDelete, path, nil).Is(http.StatusNoContent)
			if (got.Header.Get("Idempotent-Replayed") == "true") != (i == 1) {
				t.Errorf("%d: %v", i, got.Header)
			}
		}
		wantCode(t, deleteSIM(user, kit.SuspendedSIM), http.StatusUnprocessableEntity, 1406)
		deleteMany(user, fmt.Sprintf(`[{"id": %d}]`, kit.SuspendedSIM)).Is(http.StatusNoContent) // another operation
		refused := user.With("Idempotency-Key", "refused")
		for i := range 2 {
			if got := deleteSIM(refused, kit.AttachedSIM); got.Status != http.StatusConflict || (got.Header.Get("Idempotent-Replayed") == "true") != (i == 1) {
				t.Errorf("a refusal is kept: %d %v", got.Status, got.Header)
			}
		}
	})
}

func TestContract_DeleteMulti(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		s.Untouched("a refused deletion", func() {
			wantNotFound(t, deleteMany(user, fmt.Sprintf(`[{"id": %d}, {"id": %d}, {"id": %d}]`, kit.IssuedSIM, kit.SIMElsewhere, kit.DeletedSIM)), "sim with id 290 not found", "sim with id 255 not found")
			got := wantCode(t, deleteMany(user, fmt.Sprintf(`[{"id": %d}, {"id": %d}]`, kit.IssuedSIM, kit.AttachedSIM)), http.StatusConflict, 1406)
			if want := "SIM 250 sits in endpoint 9001: release it first"; got.Message != want || len(got.Errors) != 1 || got.Errors[0].Message != want {
				t.Errorf("%+v", got)
			}
			for _, body := range []string{
				"", "{}", "[]", "null", `[{}]`, `[{"id": null}]`, `[{"id": "252"}]`, `[252]`, fmt.Sprintf(`{"sims": [{"id": %d}]}`, kit.IssuedSIM),
				"[" + strings.Repeat(fmt.Sprintf(`{"id": %d},`, kit.IssuedSIM), 3) + `{"id": 1.5}]`,
				"[" + strings.TrimSuffix(manySIMs(2001), ",") + "]",
			} {
				wantCode(t, deleteMany(user, body), http.StatusBadRequest, 1000)
			}
		})
		var sent []api.SIM
		user.Get("/api/v1/sim?q=id:252|253").Is(http.StatusOK).JSON(&sent)
		deleteMany(user, append(sent, sent[0])).Is(http.StatusNoContent) // as a listing has them, one twice
		deleteMany(user, "["+strings.TrimSuffix(manySIMs(600), ",")+"]").Is(http.StatusNoContent)
		if total := user.Get("/api/v1/sim").Header.Get("X-Total-Count"); total != "3" { // 250, 251 and 254 are left
			t.Errorf("%s SIMs are left", total)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// manySIMs returns references to n SIMs from 1000 on.
func manySIMs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id": %d},`, 1000+i)
	}
	return b.String()
}

// The ICCID of a deleted SIM may be imported again, as another SIM.
func TestDeletedICCIDComesBack(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		const again = "iccid,workspace\n8988303000000000252,100\n"
		if _, err := s.Import(again); err == nil {
			t.Error("an ICCID came in twice")
		}
		deleteSIM(user, kit.IssuedSIM).Is(http.StatusNoContent)
		if done, err := s.Import(again); err != nil || done != 1 {
			t.Fatalf("%d: %v", done, err)
		}
		if got := listed(user, "/api/v1/sim", q("iccid:8988303000000000252")); len(got) != 1 || got[0] == kit.IssuedSIM {
			t.Errorf("the ICCID is that of %v", got)
		}
		s.MustFsck()
	})
}
