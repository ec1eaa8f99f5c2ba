package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

const migrationRules = "/api/v1/migration_rule"

// applyRules replaces the rules of the installation; BR-1 stays.
func applyRules(s *kit.Server, texts ...string) {
	s.T.Helper()
	rules := fleet.ShippedRules()
	more, err := fleet.ParseRules(0, []byte(`{"rules": [`+strings.Join(texts, ",")+`]}`))
	mustNot(s.T, err)
	_, err = operator.New(s.Control).ApplyRules(s.T.Context(), append(rules, more...))
	mustNot(s.T, err)
}

// holdJobs makes every move need the approval of another Administrator, until releaseJobs.
func holdJobs(s *kit.Server) {
	s.T.Helper()
	applyRules(s, `{"id": "FOUR-EYES", "effect": "require_approval", "message": "Four eyes", "when": [{}]}`)
}

func releaseJobs(s *kit.Server) {
	s.T.Helper()
	applyRules(s)
}

// Rules of the installation and of Workspaces refuse and warn, with their citation and their cure;
// an Administrator changes those of their own Workspace.
func TestContract_Rules(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		body := migrationTo(kit.FleetFR, kit.ActivatedSIM)
		if list := decodeBody[[]api.MigrationRule](t, admin.Get(migrationRules), http.StatusOK); len(list) != 1 || list[0].ID != "BR-1" || list[0].ErrorCode != 1505 {
			t.Errorf("a new installation has the rules %+v", list)
		}
		own := admin.Put(migrationRules, `{"rules": [{"id": "H-1", "effect": "refuse", "code": 1530, "message": "No Activated SIM leaves",
			"citation": "House rule 7", "cure": "Suspend it first.", "when": [{"status": [1], "source_workspace": [100]}]}]}`)
		list := decodeBody[[]api.MigrationRule](t, own, http.StatusOK)
		if want := "Refuses a SIM if the source is the Workspace 100 and the SIM is Activated"; len(list) != 1 || list[0].Words != want {
			t.Errorf("the rules in words: %+v", list)
		}
		refusal := decodeBody[api.MigrationConflict](t, admin.Post(migration, body), http.StatusConflict)
		owner := api.RefTo(kit.FleetDE)
		want := &api.RuleRef{ID: "H-1", Version: 2, Workspace: &owner, Citation: "House rule 7", Cure: "Suspend it first."}
		if len(refusal.Errors) != 1 || refusal.Errors[0].ErrorCode != 1530 || cmp.Diff(want, refusal.Errors[0].Rule) != "" {
			t.Errorf("refused: %+v", refusal.Errors)
		}
		if got := decodeBody[api.MigrationConflict](t, admin.Post(migration, realRun(body)), http.StatusConflict); cmp.Diff(refusal, got) != "" {
			t.Errorf("the real run says %+v", got)
		}
		other := decodeBody[[]api.MigrationRule](t, s.As("stranger@example.com").Get(migrationRules), http.StatusOK)
		if len(other) != 1 {
			t.Errorf("a stranger sees the rules %+v", other)
		}
		wantCode(t, admin.Put(migrationRules, `{"rules": [{"id": "H-1", "effect": "allow", "message": "m", "when": [{}]}]}`), http.StatusBadRequest, 1000)
		admin.Put(migrationRules, `{"rules": []}`).Is(http.StatusOK)
		applyRules(s, `{"id": "W-1", "effect": "warn", "message": "Mind the roaming fees", "when": [{"same_country": false}]}`,
			`{"id": "N-1", "effect": "refuse", "message": "Not any more", "valid_from": "2040-01-01T00:00:00Z", "when": [{}]}`)
		plan := decodeBody[api.MigrationResponse](t, admin.Post(migration, body), http.StatusOK)
		if len(plan.Warnings) != 2 || plan.Warnings[0].ID != "W-1" || plan.Warnings[1].ValidFrom == nil {
			t.Errorf("warnings: %+v", plan.Warnings)
		}
		done := admin.Post(migration, realRun(body)).Is(http.StatusOK)
		if m := decodeBody[api.Migration](t, admin.Get(done.Header.Get("Location")), http.StatusOK); m.RuleSet != 4 {
			t.Errorf("the ledger entry was decided by the rule set %d", m.RuleSet)
		}
	})
}

// With If-Match a change of rules does not overwrite another one. The tag of a Workspace does not
// change with the rules of others.
func TestContract_RulesIfMatch(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		warns := func(id string) string {
			return `{"rules": [{"id": "` + id + `", "effect": "warn", "message": "m", "when": [{}]}]}`
		}
		tagOf := func(a *kit.Answer) string {
			t.Helper()
			tag := a.Is(http.StatusOK).Header.Get("ETag")
			if tag == "" {
				t.Fatalf("%s has no ETag", a.Request)
			}
			return tag
		}
		empty := tagOf(admin.Get(migrationRules))
		s.As("stranger@example.com").Put(migrationRules, warns("X-1")).Is(http.StatusOK)
		if tag := tagOf(admin.Get(migrationRules)); tag != empty {
			t.Errorf("the rules of others changed the tag: %s, before %s", tag, empty)
		}
		first := tagOf(admin.With("If-Match", empty).Put(migrationRules, warns("A-1")))
		if tag := tagOf(admin.Get(migrationRules)); tag != first {
			t.Errorf("the tag is %s, after the change it was %s", tag, first)
		}
		s.Untouched("an outdated change", func() {
			wantCode(t, admin.With("If-Match", empty).Put(migrationRules, warns("B-1")), http.StatusPreconditionFailed, 4120)
		})
		wantCode(t, admin.With("If-Match", "no tag").Put(migrationRules, warns("B-1")), http.StatusBadRequest, 1000)
		suffixed := strings.TrimSuffix(first, `"`) + `-gzip"`
		second := tagOf(admin.With("If-Match", suffixed).Put(migrationRules, warns("B-1")))
		admin.With("If-Match", "*").Put(migrationRules, warns("A-1")).Is(http.StatusOK)
		wantCode(t, admin.With("If-Match", first+", "+second).Put(migrationRules, warns("C-1")), http.StatusPreconditionFailed, 4120)
		admin.Put(migrationRules, `{"rules": []}`).Is(http.StatusOK)
		admin.With("If-Match", empty).Put(migrationRules, warns("A-1")).Is(http.StatusOK)
	})
}

// A rule that requires approval refuses the direct operation, and holds a job until another
// Administrator of the source approves exactly this plan.
func TestContract_Approval(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
		other := s.As("issuer@example.com").In(kit.FleetDE)
		applyRules(s, `{"id": "FOUR-EYES", "effect": "require_approval", "message": "Four eyes", "when": [{"request_above": 1}]}`)
		refusal := decodeBody[api.MigrationConflict](t, admin.Post(migration, realRun(migrationTo(kit.FleetFR, 1000, 1001))), http.StatusConflict)
		if r := refusal.Errors[0]; r.ErrorCode != 1515 || r.Rule == nil || !strings.Contains(r.Rule.Cure, "Create a migration job") {
			t.Errorf("the direct operation: %+v", r)
		}
		admin.Post(migration, realRun(migrationTo(kit.FleetFR, 1002))).Is(http.StatusOK)
		waitingJob := func(sims ...int64) (path, tag string) {
			t.Helper()
			path, j := jobOf(t, s, admin, withAuto(plus(selecting(sims...), "target_workspace", object{"id": kit.FleetFR})))
			if j.State != "waiting" || j.StatusDetails.WaitingFor != "approval" || j.StatusDetails.Approval == nil || j.StatusDetails.Approval.Approvers != 1 {
				t.Fatalf("the job is %s: %+v", j.State, j.StatusDetails)
			}
			return path, admin.Get(path).Header.Get("ETag")
		}
		if _, j := jobOf(t, s, admin, withAuto(plus(selecting(1003), "target_workspace", object{"id": kit.FleetFR}))); j.State != "completed" {
			t.Errorf("a job of one SIM is %s", j.State)
		}
		path, tag := waitingJob(1000, 1001)
		wantCode(t, admin.With("If-Match", tag).Post(path+"/approve", ""), http.StatusForbidden, 1104)
		other.Post(path+"/approve", "").Is(http.StatusBadRequest)
		_, otherTag := waitingJob(1004, 1005)
		wantCode(t, other.With("If-Match", otherTag).Post(path+"/approve", ""), http.StatusPreconditionFailed, 4120)
		s.RunJobs()
		if j := readJob(t, admin, path); j.State != "waiting" {
			t.Fatalf("without approval the job is %s", j.State)
		}
		other.With("If-Match", tag).Post(path+"/approve", "").Is(http.StatusOK)
		s.RunJobs()
		if j := readJob(t, admin, path); j.State != "completed" || len(j.StatusDetails.Approval.Given) != 1 {
			t.Errorf("approved, the job is %s: %+v", j.State, j.StatusDetails)
		}
		rejected, _ := waitingJob(1006, 1007)
		other.Post(rejected+"/reject", "").Is(http.StatusOK)
		if j := readJob(t, admin, rejected); j.State != "cancelled" || !strings.Contains(j.StatusDetails.Why, "rejected by issuer@example.com") {
			t.Errorf("rejected, the job is %s: %+v", j.State, j.StatusDetails)
		}
	})
}

// An approval covers one version of a rule and an Administrator who still is one. A job that is not
// approved in time expires.
func TestContract_ApprovalIsVoid(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
		other := s.As("issuer@example.com").In(kit.FleetDE)
		approved := func(sim int64) (path string) {
			t.Helper()
			holdJobs(s)
			body := withAuto(plus(selecting(sim), "target_workspace", object{"id": kit.FleetFR}))
			path, _ = jobOf(t, s, admin, body)
			other.With("If-Match", admin.Get(path).Header.Get("ETag")).Post(path+"/approve", "").Is(http.StatusOK)
			return path
		}
		path := approved(1000)
		applyRules(s, `{"id": "FOUR-EYES", "effect": "require_approval", "message": "Six eyes", "when": [{}]}`)
		s.RunJobs()
		isJob(t, readJob(t, admin, path), "completed_with_refusals", "1 refused")
		if got := string(admin.Get(path + "/sim").Is(http.StatusOK).Body); !strings.Contains(got, "1515") || !strings.Contains(got, "Six eyes") {
			t.Errorf("the SIM: %s", got)
		}
		path = approved(1001)
		s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Member)
		s.RunJobs()
		if j := readJob(t, admin, path); j.State != "waiting" || j.StatusDetails.WaitingFor != "approval" {
			t.Errorf("the approver is no longer Administrator, and the job is %s", j.State)
		}
		s.Clock.Advance(8 * 24 * time.Hour)
		s.RunJobs()
		if got := s.Rows("SELECT state FROM jobs ORDER BY id DESC LIMIT 1"); got[0][0] != "expired" {
			t.Errorf("after 8 days the job is %s", got[0][0])
		}
	})
}
