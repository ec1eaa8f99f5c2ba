package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

func changeCustomer(c *kit.Client, sim, to int64) *kit.Answer {
	c.T.Helper()
	return c.Patch(simURL(sim), object{"customer_org": object{"id": to}})
}

// issuing returns a client with an application token of the Workspace that issued the SIMs of
// Ferry.
func issuing(s *kit.Server) *kit.Client {
	s.T.Helper()
	return application(s, newApplicationToken(s, control.NewToken{Workspace: kit.Issuer}))
}

// The older way of moving one SIM writes the same as a migration of one SIM.
func TestContract_CustomerOrgMoves(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		for i, c := range []*kit.Client{s.As("issuer@example.com"), issuing(s)} {
			sim := []int64{kit.ActivatedSIM, 1000}[i]
			before := readSIM(c, sim)
			done := changeCustomer(c, sim, kit.FleetFR).Is(http.StatusNoContent)
			var entry api.Migration
			s.As("target@example.com").Get(done.Header.Get("Location")).Is(http.StatusOK).JSON(&entry)
			if entry.SIMCount != 1 || entry.SIMs[0].ID != sim || entry.SIMs[0].Before.Workspace != workspaceRef(kit.FleetDE) || entry.SIMs[0].After.Workspace != workspaceRef(kit.FleetFR) || entry.AutoDetachDevices {
				t.Errorf("entry: %+v", entry)
			}
			if (entry.User == nil) != (i == 1) {
				t.Errorf("an application token is not a user: %+v", entry.User)
			}
			want := before
			want.CustomerOrg = readSIM(c, kit.SIMInFR).CustomerOrg
			if before.Status.ID == 1 {
				want.Status = api.Ref{ID: 2, Description: "Suspended"}
			}
			if diff := cmp.Diff(want, readSIM(c, sim)); diff != "" {
				t.Errorf("SIM %d (-want +got):\n%s", sim, diff)
			}
		}
		// Like a migration by an Administrator of both sides: the same texts in both
		// Workspaces.
		source, target := s.As("observer@example.com"), s.As("target@example.com")
		for what, test := range map[string]struct {
			c    *kit.Client
			want []string
		}{
			"source": {source, []string{
				"1 SIM migrated to workspace Fleet FR (200)", "1 SIM migrated to workspace Fleet FR (200)", "Status of SIM changed from 'Activated' to 'Suspended'",
			}},
			"target": {target, []string{"1 SIM migrated from workspace Fleet DE (100)", "1 SIM migrated from workspace Fleet DE (100)"}},
		} {
			var list []api.Event
			test.c.Get("/api/v1/event?q=event_type:9|50|69").Is(http.StatusOK).JSON(&list)
			var got []string
			for _, e := range list {
				got = append(got, e.Description)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// Callers without permission, and forbidden targets.
func TestContract_CustomerOrgRules(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e).Seed(`
workspaces: [{id: 950, name: Below the reseller, type: enterprise, country: DE, parent: 600}]
users: [{id: 40, username: helper@example.com, name: Helper, password: correct horse, default_workspace: 1, roles: {1: user}}]
`)
		issuer, program, others := s.As("issuer@example.com"), issuing(s), application(s, newApplicationToken(s, control.NewToken{}))
		s.Untouched("a refused owner", func() {
			for _, c := range []*kit.Client{s.As("helper@example.com"), s.As("admin@example.com"), s.As("user@example.com"), s.As("root@example.com"), others} {
				for _, body := range []object{{"customer_org": object{"id": kit.FleetFR}}, {"customer_org": nil}, {"issuer_org": object{"id": kit.Reseller}}, {"reseller_org": object{"id": kit.Reseller}}} {
					body["status"] = object{"id": 2}
					wantCode(t, c.Patch(simURL(kit.ActivatedSIM), body), http.StatusForbidden, 1104)
				}
			}
			for _, c := range []*kit.Client{issuer, program} {
				wantConflict(t, changeCustomer(c, kit.AttachedSIM, kit.FleetFR), conflictReason{1502, []int64{kit.AttachedSIM}})
				wantConflict(t, changeCustomer(c, kit.ActivatedSIM, kit.FleetBR), conflictReason{1505, []int64{kit.ActivatedSIM}})
				wantConflict(t, changeCustomer(c, kit.SIMInBR, kit.FleetDE), conflictReason{1505, []int64{kit.SIMInBR}})
				wantConflict(t, changeCustomer(c, kit.ActivatedSIM, kit.SuspendedFleet), conflictReason{code: 1509})
				wantConflict(t, changeCustomer(c, kit.ActivatedSIM, kit.Reseller), conflictReason{code: 1508})
				wantNotFound(t, changeCustomer(c, kit.ActivatedSIM, kit.Elsewhere), "workspace with id 900 not found")
				wantNotFound(t, changeCustomer(c, kit.ActivatedSIM, 999), "workspace with id 999 not found")
				wantNotFound(t, changeCustomer(c, kit.ActivatedSIM, 0), "workspace with id 0 not found")
				wantNotFound(t, changeCustomer(c, kit.ActivatedSIM, 950), "workspace with id 950 not found") // not a child, but a grandchild
				wantCode(t, c.Patch(simURL(kit.ActivatedSIM), `{"reseller_org": {"id": 0}}`), http.StatusNotFound, 1201)
				wantCode(t, changeCustomer(c, kit.SIMElsewhere, kit.FleetDE), http.StatusNotFound, 1201)
				wantBadRequest(t, c.Patch(simURL(kit.ActivatedSIM), fmt.Sprintf(`{"customer_org": {"id": %d}, "status": {"id": 4}}`, kit.FleetFR)), "status: a SIM cannot go from Activated to Factory Test")
			}
		})
		changeCustomer(issuer, kit.ActivatedSIM, kit.FleetDE).Is(http.StatusNoContent) // its present Workspace
		s.MustFsck()
	})
}

func TestContract_CustomerOrgNull(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		issuer := s.As("issuer@example.com")
		for i, body := range []string{`{"customer_org": null}`, `{"customer_org": {"id": null}}`, `{"customer_org": {}}`, `{"customer_org": {"id": 1.0, "name": "Issuer"}}`} {
			sim := []int64{kit.ActivatedSIM, 1000, 1001, 1002}[i]
			issuer.Patch(simURL(sim), body).Is(http.StatusNoContent)
			if got := readSIM(issuer, sim); got.CustomerOrg.ID != kit.Issuer || sim == kit.ActivatedSIM && got.Status.ID != 2 {
				t.Errorf("%s: %+v", body, got)
			}
			s.As("admin@example.com").Get(simURL(sim)).Is(http.StatusNotFound)
		}
		kept := issuer.With("Idempotency-Key", "empty")
		for i, body := range []string{`{"customer_org": null}`, `{"customer_org": {"id": null}}`, `{"customer_org": {}}`} {
			got := kept.Patch(simURL(1003), body).Is(http.StatusNoContent)
			if again := got.Header.Get("Idempotent-Replayed") == "true"; again != (i > 0) {
				t.Errorf("%s is another request: %v", body, got.Header)
			}
		}
		s.Untouched("a SIM that is in stock", func() {
			if got := issuer.Patch(simURL(kit.ActivatedSIM), `{"customer_org": null}`).Is(http.StatusNoContent); got.Header.Get("Location") != "" {
				t.Errorf("%v", got.Header)
			}
		})
		wantConflict(t, issuer.Patch(simURL(kit.AttachedSIM), `{"customer_org": null}`), conflictReason{1502, []int64{kit.AttachedSIM}})
		changeCustomer(issuer, kit.ActivatedSIM, kit.FleetUS).Is(http.StatusNoContent)
		s.MustFsck()
	})
}

// A status in the same request is set after the move; the current one has no effect.
func TestContract_CustomerOrgStatus(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		issuer := s.As("issuer@example.com")
		for _, test := range []struct{ sim, sent, is int64 }{
			{kit.ActivatedSIM, 1, 2}, {kit.IssuedSIM, 1, 1}, {kit.SuspendedSIM, 1, 1}, {kit.FactoryTestSIM, 1, 1}, {1000, 0, 0}, {1001, 4, 4},
		} {
			var sent object
			issuer.Get(simURL(test.sim)).JSON(&sent)
			sent["customer_org"], sent["status"] = object{"id": kit.FleetFR}, object{"id": test.sent}
			issuer.Patch(simURL(test.sim), sent).Is(http.StatusNoContent)
			if got := readSIM(issuer, test.sim); got.Status.ID != test.is || got.CustomerOrg.ID != kit.FleetFR {
				t.Errorf("SIM %d: %+v", test.sim, got)
			}
		}
		types := eventTypes(s.As("target@example.com"), "/api/v1/event", sort("id"))
		if want := []int64{69, 69, 8, 69, 8, 69, 8, 69, 69, 45}; !slices.Equal(types, want) {
			t.Errorf("events in the target: %v, want %v", types, want)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

func TestContract_IssuerAndReseller(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e).Seed(`
workspaces:
  - {id: 650, name: Virtual operator, type: mno, country: DE, parent: 1}
  - {id: 660, name: Provider, type: service_provider, country: DE, parent: 1}
users: [{id: 41, username: virtual@example.com, name: Virtual, password: correct horse, default_workspace: 650, roles: {650: administrator}}]
`)
		issuer, virtual := s.As("issuer@example.com"), s.As("virtual@example.com")
		s.Untouched("a refused owner", func() {
			for body, message := range map[string]string{
				fmt.Sprintf(`{"reseller_org": {"id": %d}}`, kit.FleetDE): "reseller_org: Workspace 100 has the type Enterprise, which is not allowed here",
				fmt.Sprintf(`{"issuer_org": {"id": %d}}`, kit.FleetDE):   "issuer_org: Workspace 100 has the type Enterprise, which is not allowed here",
				fmt.Sprintf(`{"issuer_org": {"id": %d}}`, kit.Reseller):  "issuer_org: Workspace 600 has the type Reseller, which is not allowed here",
				`{"issuer_org": null}`:                                   "issuer_org: a SIM always has one: omit the field to keep it",
				`{"issuer_org": {"id": null}}`:                           "issuer_org: a SIM always has one: omit the field to keep it",
				`{"issuer_org": {}}`:                                     "issuer_org: a SIM always has one: omit the field to keep it",
			} {
				wantBadRequest(t, issuer.Patch(simURL(kit.ActivatedSIM), body), message)
			}
			wantCode(t, issuer.Patch(simURL(kit.ActivatedSIM), fmt.Sprintf(`{"issuer_org": {"id": %d}}`, kit.Elsewhere)), http.StatusNotFound, 1201)
			virtual.Get(simURL(kit.ActivatedSIM)).Is(http.StatusNotFound)
		})
		for _, reseller := range []int64{650, 660, 600} {
			issuer.Patch(simURL(kit.ActivatedSIM), object{"reseller_org": object{"id": reseller}}).Is(http.StatusNoContent)
			for _, empty := range []any{nil, object{}, object{"id": nil}} {
				issuer.Patch(simURL(kit.ActivatedSIM), object{"reseller_org": empty}).Is(http.StatusNoContent)
				if got := readSIM(issuer, kit.ActivatedSIM); got.ResellerOrg != nil {
					t.Errorf("%v empties nothing: %+v", empty, got)
				}
			}
		}
		issuer.Patch(simURL(kit.ActivatedSIM), fmt.Sprintf(`{"reseller_org": {"id": %d}, "status": {"id": 2}}`, kit.Reseller)).Is(http.StatusNoContent)
		if got := readSIM(s.As("admin@example.com").In(kit.Reseller), kit.ActivatedSIM); got.ResellerOrg.ID != kit.Reseller || got.Status.ID != 2 {
			t.Errorf("%+v", got)
		}
		issuer.Patch(simURL(kit.ActivatedSIM), fmt.Sprintf(`{"reseller_org": null, "issuer_org": {"id": 650}, "customer_org": {"id": %d}}`, kit.FleetFR)).Is(http.StatusNoContent)
		issuer.Get(simURL(kit.ActivatedSIM)).Is(http.StatusNotFound)
		if got := readSIM(virtual, kit.ActivatedSIM); got.ResellerOrg != nil || got.IssuerOrg.ID != 650 || got.CustomerOrg.ID != kit.FleetFR {
			t.Errorf("%+v", got)
		}
		s.CheckInvariants()
		s.MustFsck()
		s.Exec(fmt.Sprintf("UPDATE sims SET reseller_id = 600 WHERE id = %d", kit.ActivatedSIM))
		report, err := operator.New(s.Control).Fsck(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Checks {
			if c.OK() == (c.Key == "owners" || c.Key == "tally_seen") {
				t.Errorf("%s: %v", c.Key, c.First)
			}
		}
	})
}

// The reseller of a SIM changes its customer and its reseller, among its own children; not its
// issuer. A caller who does not administer the reseller can only change the status.
func TestResellerRights(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e).Seed(`
workspaces:
  - {id: 950, name: Customer of the reseller, type: enterprise, country: DE, parent: 600}
  - {id: 960, name: Reseller of the reseller, type: reseller, country: DE, parent: 600}
  - {id: 970, name: Two below, type: enterprise, country: DE, parent: 960}
users:
  - {id: 42, username: resale@example.com, name: Resale, password: correct horse, default_workspace: 600, roles: {600: administrator}}
  - {id: 43, username: clerk@example.com, name: Clerk, password: correct horse, default_workspace: 600, roles: {600: user}}
`)
		issuer, reseller, clerk := s.As("issuer@example.com"), s.As("resale@example.com"), s.As("clerk@example.com")
		program := application(s, newApplicationToken(s, control.NewToken{Workspace: kit.Reseller}))
		for _, sim := range []int64{kit.ActivatedSIM, kit.IssuedSIM, 1000} {
			issuer.Patch(simURL(sim), fmt.Sprintf(`{"reseller_org": {"id": %d}}`, kit.Reseller)).Is(http.StatusNoContent)
		}
		s.Untouched("what a reseller may not", func() {
			for _, body := range []string{`{"customer_org": {"id": 950}}`, `{"customer_org": {}}`, `{"reseller_org": null}`} {
				wantCode(t, clerk.Patch(simURL(kit.ActivatedSIM), body), http.StatusForbidden, 1104)
			}
			for _, c := range []*kit.Client{reseller, program} {
				wantCode(t, c.Patch(simURL(kit.ActivatedSIM), `{"issuer_org": {"id": 960}}`), http.StatusForbidden, 1104)
				wantCode(t, c.Patch(simURL(kit.SuspendedSIM), `{"customer_org": {"id": 950}}`), http.StatusNotFound, 1201) // which it does not resell
				wantNotFound(t, changeCustomer(c, kit.ActivatedSIM, kit.FleetFR), "workspace with id 200 not found")
				wantNotFound(t, changeCustomer(c, kit.ActivatedSIM, 970), "workspace with id 970 not found")
				wantConflict(t, changeCustomer(c, kit.ActivatedSIM, 960), conflictReason{code: 1508})
				wantConflict(t, changeCustomer(c, kit.ActivatedSIM, kit.Reseller), conflictReason{code: 1508})
				wantCode(t, c.Patch(simURL(kit.ActivatedSIM), fmt.Sprintf(`{"reseller_org": {"id": %d}}`, kit.FleetFR)), http.StatusNotFound, 1201)
				wantBadRequest(t, c.Patch(simURL(kit.ActivatedSIM), `{"reseller_org": {"id": 950}}`), "reseller_org: Workspace 950 has the type Enterprise")
			}
		})
		clerk.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		for i, c := range []*kit.Client{reseller, program} {
			sim := []int64{kit.ActivatedSIM, 1000}[i]
			changeCustomer(c, sim, 950).Is(http.StatusNoContent)
			if got := readSIM(c, sim); got.CustomerOrg.ID != 950 || got.IssuerOrg.ID != kit.Issuer || got.ResellerOrg.ID != kit.Reseller {
				t.Errorf("%+v", got)
			}
			c.Patch(simURL(sim), `{"customer_org": {"id": null}}`).Is(http.StatusNoContent) // back to the issuer
			if got := readSIM(issuer, sim); got.CustomerOrg.ID != kit.Issuer || got.ResellerOrg.ID != kit.Reseller {
				t.Errorf("%+v", got)
			}
		}
		changeCustomer(reseller, kit.IssuedSIM, kit.Issuer).Is(http.StatusNoContent) // by the issuer's own id
		reseller.Patch(simURL(kit.ActivatedSIM), `{"reseller_org": {"id": 960}, "customer_org": {"id": 950}}`).Is(http.StatusNoContent)
		reseller.Get(simURL(kit.ActivatedSIM)).Is(http.StatusNotFound) // it is no longer its reseller
		if got := readSIM(issuer, kit.ActivatedSIM); got.CustomerOrg.ID != 950 || got.ResellerOrg.ID != 960 {
			t.Errorf("%+v", got)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// Every reference in every body treats null, {} and {"id": null} alike: as "none" if that is
// valid, else as a refusal that names it. Two references differ on purpose: see below.
func TestEmptyReferences(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		tried := 0
		for _, r := range httpapi.Routes() {
			o := documented(t, r.Pattern)
			for _, place := range o.IDs() {
				field, ofReference := strings.CutSuffix(place, ".id")
				if !ofReference || strings.HasSuffix(field, "]") {
					continue
				}
				tried++
				// The SIM of a device: null is refused in a change, {"id": null} detaches it.
				ofDevice := strings.HasSuffix(field, "sim")
				method, path, _ := strings.Cut(r.Pattern, " ")
				if row := accesses[r.Pattern]; row.path != "" {
					path = row.path
				}
				var first *kit.Answer
				for i, empty := range []string{`null`, `{}`, `{"id": null}`} {
					text := strings.ReplaceAll(withPlace(t, fresh(accesses[r.Pattern].body), field), "{id}", empty)
					got := admin.Do(method, fresh(path), text)
					if got.Status >= 500 {
						t.Errorf("%s %s: %d %s", r.Pattern, text, got.Status, got.Body)
					}
					if i == 0 {
						first = got
					} else if got.Status != first.Status && !ofDevice && !optionalByNull(r.Pattern, field) {
						t.Errorf("%s: null for %s is answered %d, %s %d %.200s", r.Pattern, field, first.Status, empty, got.Status, got.Body)
					}
					if got.Status == http.StatusBadRequest && !strings.Contains(string(got.Body), field[strings.LastIndexByte(field, '.')+1:]) {
						t.Errorf("%s %s: the refusal does not name %s: %s", r.Pattern, text, field, got.Body)
					}
				}
			}
		}
		if tried < 20 {
			t.Errorf("only %d references were tried", tried)
		}
	})
}

// optionalByNull lists references for which null means absent, while {} is incomplete.
func optionalByNull(pattern, field string) bool {
	method, _, _ := strings.Cut(pattern, " ")
	return field == "organisation" || field == "select.failed_of" || field == "select.done_by" || method == http.MethodPost && strings.Contains(pattern, "/endpoint")
}

// The same PATCH with the same key moves once, and a caller removed meanwhile gets nothing.
func TestAssignOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		issuer := s.As("issuer@example.com").With("Idempotency-Key", "k")
		first := changeCustomer(issuer, kit.ActivatedSIM, kit.FleetFR).Is(http.StatusNoContent)
		s.Untouched("a replay", func() {
			again := changeCustomer(issuer, kit.ActivatedSIM, kit.FleetFR).Is(http.StatusNoContent)
			if again.Header.Get("Idempotent-Replayed") != "true" || again.Header.Get("Location") != first.Header.Get("Location") {
				t.Errorf("%v", again.Header)
			}
		})
		wantCode(t, changeCustomer(issuer, kit.ActivatedSIM, kit.FleetUS), http.StatusUnprocessableEntity, 1406)
		kept := s.As("issuer@example.com").With("Idempotency-Key", "refused")
		wantConflict(t, changeCustomer(kept, kit.AttachedSIM, kit.FleetFR), conflictReason{1502, []int64{kit.AttachedSIM}})
		s.Exec(fmt.Sprintf("UPDATE sims SET device_id = NULL WHERE id = %d", kit.AttachedSIM))
		if got := changeCustomer(kept, kit.AttachedSIM, kit.FleetFR); got.Status != http.StatusConflict || got.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("a refusal is kept: %d %v", got.Status, got.Header)
		}
		s.SetRole(kit.IssuerAdminID, kit.Issuer, fleet.Member)
		wantCode(t, changeCustomer(issuer, kit.ActivatedSIM, kit.FleetFR), http.StatusForbidden, 1104)
		wantCode(t, changeCustomer(kept, kit.AttachedSIM, kit.FleetFR), http.StatusForbidden, 1104)
	})
}

// Concurrent assignments of one SIM are serialized.
func TestAssignConcurrently(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		issuer, admin := s.As("issuer@example.com"), s.As("admin@example.com")
		answers := concurrently(12, func(i int) *kit.Answer {
			if i%3 == 0 {
				return admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.IssuedSIM)))
			}
			return changeCustomer(issuer, kit.IssuedSIM, []int64{kit.FleetFR, kit.FleetUS}[i%2])
		})
		for _, a := range answers {
			if !slices.Contains([]int{http.StatusOK, http.StatusNoContent, http.StatusConflict}, a.Status) {
				t.Errorf("%s: %d %s", a.Request, a.Status, a.Body)
			}
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// A typical fleet script: look up each SIM by its ICCID, read it, detach it as its owner, and
// assign it as its issuer.
func TestOlderScript(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		source, issuer := application(s, newApplicationToken(s, control.NewToken{})), issuing(s)
		for _, iccid := range []string{kit.ICCID(kit.AttachedSIM), kit.ICCID(kit.IssuedSIM), "8988303000000001000"} {
			var found []api.SIM
			a := source.Get(fmt.Sprintf("/api/v1/sim?q=iccid:%s&page=1&per_page=2", iccid)).Is(http.StatusOK).JSON(&found)
			if len(found) != 1 || a.Header.Get("X-Total-Count") != "1" {
				t.Fatalf("%s: %s", iccid, a.Body)
			}
			read := readSIM(source, found[0].ID)
			if diff := cmp.Diff(found[0], read); diff != "" {
				t.Errorf("listed (-) and read (+) differ:\n%s", diff)
			}
			if read.Endpoint != nil {
				wantConflict(t, changeCustomer(issuer, read.ID, kit.FleetFR), conflictReason{1502, []int64{read.ID}})
				source.Patch(fmt.Sprintf("/api/v1/endpoint/%d", read.Endpoint.ID), `{"sim": {"id": null}}`).Is(http.StatusNoContent)
			}
			changeCustomer(issuer, read.ID, kit.FleetFR).Is(http.StatusNoContent)
			source.Get(simURL(read.ID)).Is(http.StatusNotFound)
		}
		if got := listed(s.As("target@example.com"), "/api/v1/sim", q("iccid:8988303000000000250|8988303000000000252|8988303000000001000")); len(got) != 3 {
			t.Errorf("in the target: %v", got)
		}
		// The events of a SIM that was in a device, in the Workspace that owned it.
		if got := eventTypes(source, simURL(kit.AttachedSIM)+"/event", sort("id")); !slices.Equal(got, []int64{50, 9}) {
			t.Errorf("events of SIM 250: %v", got)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}
