package console_test

import (
	"encoding/json"
	"net/http"
	"path"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const approverName = "issuer@example.com"

// ruled is a console of an installation with a rule that requires approval of two SIMs or more. The
// approver is an Administrator of Fleet DE.
func ruled(t testing.TB, e kit.Engine) (s *site, approver *person) {
	t.Helper()
	s = serveSite(t, kit.StartFerry(t, e), console.Options{})
	s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
	s.setRules(t, `{"id": "DE-4", "effect": "require_approval", "message": "More than one SIM needs four eyes", "citation": "House rule 4", "when": [{"request_above": 1}]}`)
	approver = s.as(t, approverName)
	approver.post("/switch", "workspace", "100").is(t, http.StatusSeeOther)
	return s, approver
}

// setRules sets the rules of Fleet DE.
func (s *site) setRules(t testing.TB, rules ...string) {
	t.Helper()
	list := make([]json.RawMessage, len(rules))
	for i, rule := range rules {
		list[i] = json.RawMessage(rule)
	}
	s.As("admin@example.com").Put("/api/v1/migration_rule", object{"rules": list}).Is(http.StatusOK)
}

// held makes a job that waits for approval, and returns the address of its page.
func (s *site) held(t testing.TB, ids ...int64) string {
	t.Helper()
	var sims []any
	for _, id := range ids {
		sims = append(sims, object{"id": id})
	}
	here := s.newJob(kit.FleetFR, object{"select": object{"sims": sims}, "reason": "Pool for 2027", "dry_run": false})
	s.RunJobs()
	return here
}

// A job that a rule holds is approved by another person, or rejected; never by the user who made
// it, nor with another plan.
func TestConsole_Approval(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, approver := ruled(t, e)
		maker := s.as(t, "admin@example.com")
		preview := s.newJob(kit.FleetFR, object{"select": object{"sims": []any{object{"id": 1002}, object{"id": 1003}}}})
		s.RunJobs()
		maker.get(preview).has(t, "1 other Administrator must approve this", "DE-4", "House rule 4")

		here := s.held(t, kit.ActivatedSIM, kit.IssuedSIM)
		review := "/approvals/" + path.Base(here)
		maker.get(here).has(t, "It waits for the approval of 1 other Administrator", "DE-4", `href="`+review+`"`)
		maker.get("/approvals").has(t, "To decide 0", "Yours, waiting 1", "No job waits for your decision.")
		maker.get("/approvals?show=yours").has(t, `href="`+review+`"`)
		maker.get(review).has(t, "You made this job.").lacks(t, `value="approve"`)
		approver.get("/approvals").has(t, "To decide 1", `href="`+review+`"`, "admin@example.com")
		approver.get("/overview").has(t, "waits for your approval: Move 2 SIMs to Fleet FR", `href="`+review+`"`, `</span>1<span class="vh"> to decide`)
		maker.get("/overview").lacks(t, `href="`+review+`"`, "to decide")
		page := approver.get(review).has(t, "1 SIM will go offline", "Pool for 2027", "DE-4: More than one SIM needs four eyes", "What will happen")
		form := []string{"once", maker.get(here).once(t), "do", "approve", "plan", `"x"`}
		maker.post(review, form...).is(t, http.StatusForbidden)
		approver.post(review, "once", page.once(t), "do", "approve", "plan", `"x"`).is(t, http.StatusUnprocessableEntity).has(t, "The plan has changed since you read it.")
		approver.post(review, "once", page.once(t)).is(t, http.StatusUnprocessableEntity).has(t, "Choose whether")
		s.as(t, "stranger@example.com").get(review).is(t, http.StatusNotFound)

		approver.press(approver.get(review), review, "do", "approve").leads(t, here+"?done=approval.approve")
		s.RunJobs()
		approver.get(here).has(t, "2 SIMs moved to Fleet FR")
		approver.get(review).leads(t, here)

		rejected := s.held(t, 1000, 1001)
		review = "/approvals/" + path.Base(rejected)
		page = approver.get(review)
		approver.press(page, review, "do", "reject").leads(t, rejected+"?done=approval.reject")
		approver.get(rejected+"?done=approval.reject").has(t, "You have rejected the job. Nothing was changed.")
		for _, p := range []*person{maker, approver} {
			p.get(rejected).has(t, "Cancelled", "Rejected by "+approverName)
			p.get("/approvals?show=decided").has(t, `href="`+here+`"`, `href="`+rejected+`"`, "2 SIMs moved to Fleet FR", ">Approved<", ">Rejected<", approverName)
		}
		s.as(t, "user@example.com").get("/approvals?show=decided").lacks(t, "Decided", rejected).has(t, "To decide 0")
		approver.post(review, "once", approver.get(rejected).once(t), "do", "reject").is(t, http.StatusUnprocessableEntity).has(t, "does not wait for approval")
	})
}

// The pages of approvals in a browser.
func TestAppearance_Approvals(t *testing.T) {
	s, _ := ruled(t, kit.SQLite)
	s.held(t, kit.ActivatedSIM, kit.IssuedSIM)
	here := s.held(t, 1000, 1001)
	b := s.open(t).signIn(approverName)
	b.visit("/approvals?show=yours")
	b.takePicture("approvals-none")
	b.visit("/approvals")
	b.takePicture("approvals")
	b.visit(here)
	b.takePicture("job-held")
	b.press(`.note.warn a.btn`)
	b.takePicture("approval")
	b.press(`button[value="approve"]`)
	b.sees("You have approved the job.")
	b.visit("/approvals?show=decided")
	b.takePicture("approvals-decided")
}
