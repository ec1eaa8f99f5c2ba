package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

const workspaceSetting = "/api/v1/organisation/my/setting"

// requireReason makes the reason mandatory in the Workspace of a client.
func requireReason(c *kit.Client) {
	c.T.Helper()
	c.Patch(workspaceSetting, object{"reason_required": true}).Is(http.StatusOK)
}

// A migration keeps its reference and its reason in the ledger and in the events of both sides;
// they are not part of what a dry run shows.
func TestContract_MigrationNote(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		_, admin := startFerry(t, e)
		body := migrationTo(kit.FleetUS, kit.ActivatedSIM)
		tag := admin.Post(migration, body).Is(http.StatusOK).Header.Get("ETag")
		noted := plus(plus(body, "reference", "CHG-1"), "reason", "the truck moved")
		if got := admin.Post(migration, noted).Is(http.StatusOK).Header.Get("ETag"); got != tag {
			t.Error("a note changes the ETag of a dry run")
		}
		keyed := admin.With("Idempotency-Key", "note").With("If-Match", tag)
		entry := keyed.Post(migration, realRun(noted)).Is(http.StatusOK).Header.Get("Location")
		if replayed := keyed.Post(migration, realRun(noted)).Is(http.StatusOK); replayed.Header.Get("Location") != entry {
			t.Error("a repetition moved again")
		}
		wantCode(t, keyed.Post(migration, realRun(plus(noted, "reason", "another"))), http.StatusUnprocessableEntity, 1406)
		m := decodeBody[api.Migration](t, admin.Get(entry), http.StatusOK)
		if m.Reference != "CHG-1" || m.Reason != "the truck moved" {
			t.Errorf("the ledger has %q, %q", m.Reference, m.Reason)
		}
		for _, in := range []int64{kit.FleetDE, kit.FleetUS} {
			events := string(admin.In(in).Get("/api/v1/event?q=event_type:69").Is(http.StatusOK).Body)
			if !strings.Contains(events, "reference CHG-1, reason: the truck moved") {
				t.Errorf("the event of Workspace %d is %s", in, events)
			}
		}
		if found := decodeBody[[]api.Migration](t, admin.Get("/api/v1/migration?q=reference:CHG-1"), http.StatusOK); len(found) != 1 {
			t.Errorf("the filter finds %d entries", len(found))
		}
		for field, text := range map[string]string{"reference": strings.Repeat("x", 101), "reason": "a\u0000b"} {
			for _, body := range []object{plus(body, field, text), realRun(plus(body, field, text))} {
				if got := admin.Post(migration, body).Is(http.StatusBadRequest); !strings.Contains(string(got.Body), field+": ") {
					t.Errorf("%s does not name %s", got.Body, field)
				}
			}
		}
	})
}

// In a Workspace that requires it, nothing enters or leaves without a reason: every operation that
// moves SIMs says so, and moves nothing.
func TestContract_ReasonRequired(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		for side, workspace := range map[string]int64{"source": kit.FleetDE, "target": kit.FleetUS} {
			t.Run(side, func(t *testing.T) {
				s, admin := startFerry(t, e)
				entry := admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.SuspendedSIM))).Is(http.StatusOK).Header.Get("Location")
				job, j := jobOf(t, s, admin, withAuto(selecting(kit.FactoryTestSIM)))
				isJob(t, j, "completed", "1 done")
				requireReason(admin.In(workspace))
				before := stateOf(s, "250, 251, 252, 253, 254")

				body := migrationTo(kit.FleetUS, kit.ActivatedSIM)
				for _, blank := range []object{body, realRun(body), realRun(plus(body, "reason", " ")), realRun(plus(body, "reference", "CHG-1"))} {
					wantReason(t, admin.Post(migration, blank), kit.ActivatedSIM)
				}
				for _, dry := range []bool{true, false} {
					wantReason(t, admin.Post(entry+"/undo", object{"dry_run": dry}), kit.SuspendedSIM)
				}
				if side == "target" {
					got := wantCode(t, admin.Post(migrationJobs, selecting(kit.ActivatedSIM)), http.StatusUnprocessableEntity, 1400)
					if len(got.Errors) != 1 || got.Errors[0].ErrorCode != 1402 || !strings.Contains(got.Message, "send reason") {
						t.Errorf("%+v", got)
					}
				} else {
					filter := object{"filter": object{"workspace": object{"id": kit.FleetDE}, "q": "id:251"}}
					wantCode(t, admin.Post(migrationJobs, plus(selecting(), "select", filter)), http.StatusUnprocessableEntity, 1400)
					path, j := jobOf(t, s, admin, withAuto(selecting(kit.ActivatedSIM)))
					isJob(t, j, "refused", "1 refused")
					wantSIMs(t, admin, path, map[string]string{"251": "refused 1516"})
				}
				path := admin.Post(job+"/undo", object{"dry_run": false}).Is(http.StatusCreated).Header.Get("Location")
				s.RunJobs()
				isJob(t, readJob(t, admin, path), "refused", "1 refused")
				if diff := cmp.Diff(before, stateOf(s, "250, 251, 252, 253, 254")); diff != "" {
					t.Errorf("without a reason (-before +after):\n%s", diff)
				}

				admin.Post(migration, realRun(plus(body, "reason", "why"))).Is(http.StatusOK)
				admin.Post(entry+"/undo", object{"dry_run": false, "reason": "why"}).Is(http.StatusOK)
				_, j = jobOf(t, s, admin, plus(withAuto(selecting(kit.IssuedSIM)), "reason", "why"))
				isJob(t, j, "completed", "1 done")
				path = admin.Post(job+"/undo", object{"dry_run": false, "reason": "why"}).Is(http.StatusCreated).Header.Get("Location")
				s.RunJobs()
				isJob(t, readJob(t, admin, path), "completed", "1 done")
			})
		}
		t.Run("after the plan", func(t *testing.T) {
			s, admin := startFerry(t, e)
			path, j := jobOf(t, s, admin, selecting(kit.ActivatedSIM))
			isJob(t, j, "planned", "1 planned")
			requireReason(admin)
			startJob(s, admin, path)
			isJob(t, readJob(t, admin, path), "completed_with_refusals", "1 refused")
		})
	})
}

func wantReason(t *testing.T, a *kit.Answer, sim int64) {
	t.Helper()
	got := decodeBody[api.MigrationConflict](t, a, http.StatusConflict)
	if len(got.Errors) != 1 || got.Errors[0].ErrorCode != 1516 || len(got.Errors[0].SIMs) != 1 || got.Errors[0].SIMs[0].ID != sim {
		t.Errorf("%s: %s", a.Request, a.Body)
		return
	}
	if !strings.Contains(got.Errors[0].Message, "send reason") {
		t.Errorf("%s does not name the cure", got.Errors[0].Message)
	}
}

// The issuer of SIMs gives the reason in the PATCH that moves one; to register a batch none is
// asked for.
func TestContract_ReasonOfTheIssuer(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		requireReason(admin)
		issuer := s.As("issuer@example.com")
		move := object{"customer_org": object{"id": kit.FleetFR}}
		wantReason(t, issuer.Patch(simURL(kit.IssuedSIM), move), kit.IssuedSIM)
		entry := issuer.Patch(simURL(kit.IssuedSIM), plus(plus(move, "reason", "sold"), "reference", "CHG-7")).Is(http.StatusNoContent).Header.Get("Location")
		if m := decodeBody[api.Migration](t, admin.Get(entry), http.StatusOK); m.Reason != "sold" || m.Reference != "CHG-7" {
			t.Errorf("the ledger has %q, %q", m.Reference, m.Reason)
		}
		issuer.Patch(simURL(kit.ActivatedSIM), toStatus(2)).Is(http.StatusNoContent) // moves nothing
	})
}

// Only Administrators change the setting; it is in the audit log, and others keep theirs.
func TestContract_WorkspaceSettings(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		shows := func(c *kit.Client, want bool) {
			t.Helper()
			if got := decodeBody[api.WorkspaceSettings](t, c.Get(workspaceSetting), http.StatusOK); got.ReasonRequired != want {
				t.Errorf("the setting is %t, want %t", got.ReasonRequired, want)
			}
		}
		shows(admin, false)
		for _, user := range []string{"observer@example.com", "user@example.com"} {
			wantCode(t, s.As(user).Patch(workspaceSetting, object{"reason_required": true}), http.StatusForbidden, 1104)
		}
		for _, bad := range []any{object{"reason_required": nil}, object{"reason_required": "yes"}, object{"reasons": true}, "[]"} {
			wantCode(t, admin.Patch(workspaceSetting, bad), http.StatusBadRequest, 1000)
		}
		admin.Patch(workspaceSetting, object{}).Is(http.StatusOK)
		shows(admin, false)
		keyed := admin.With("Idempotency-Key", "setting")
		for range 2 {
			if got := decodeBody[api.WorkspaceSettings](t, keyed.Patch(workspaceSetting, object{"reason_required": true}), http.StatusOK); !got.ReasonRequired {
				t.Error("the response has the old value")
			}
		}
		shows(s.As("observer@example.com"), true)
		shows(admin.In(kit.FleetUS), false)
		audit := string(admin.Get("/api/v1/audit?q=action:workspace.changed").Is(http.StatusOK).Body)
		if strings.Count(audit, `"outcome":"done"`) != 1 {
			t.Errorf("the audit log has %s", audit)
		}
	})
}
