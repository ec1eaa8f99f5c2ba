package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/test/kit"
)

// planVerdicts plans the job that a form has made, and returns the number of its SIMs by verdict.
func (s *site) planVerdicts(t *testing.T, a answer) map[string]int {
	t.Helper()
	to := a.is(t, http.StatusSeeOther).Header.Get("Location")
	id, found := strings.CutPrefix(to, "/jobs/")
	if !found {
		t.Fatalf("the form leads to %s", to)
	}
	s.RunJobs()
	var job struct {
		Counts []struct {
			Verdict string
			Count   int
		}
	}
	s.As("admin@example.com").Get("/api/v1/migration_job/" + id).Is(http.StatusOK).JSON(&job)
	counts := make(map[string]int)
	for _, n := range job.Counts {
		counts[n.Verdict] = n.Count
	}
	return counts
}

// The status of a selection becomes a job: of named SIMs, and of all that match, except some.
func TestSIMsStatus_Selections(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := serveSite(t, kit.StartFerry(t, e), console.Options{})
		p := s.as(t, "user@example.com")
		p.get("/sims/status").is(t, http.StatusOK).has(t, "No SIM is selected")
		p.get("/sims/status?sel=999999").is(t, http.StatusOK)
		named := fmt.Sprintf("rows=250,251,252,253,254&sim=%d&sim=%d&sim=%d", kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM)
		a := p.get("/sims/status?"+named).is(t, http.StatusOK).has(t, "Change the status of 3 SIMs", "2 SIMs change. 1 has this status already.", "1 SIM changes. 1 has this status already. 1 cannot get this status")
		form := a.fields("stack")
		form.Set("reason", strings.Repeat("x", 501))
		form.Set("to", "suspended")
		p.send(p.request(http.MethodPost, "/sims/status", form)).is(t, http.StatusUnprocessableEntity).has(t, "shorten it")
		form = p.get("/sims/status?" + named).fields("stack")
		form.Set("to", "suspended")
		if got, want := fmt.Sprint(s.planVerdicts(t, p.send(p.request(http.MethodPost, "/sims/status", form)))), "map[planned:1 refused:1 unchanged:1]"; got != want {
			t.Errorf("of named SIMs: %s, want %s", got, want)
		}
		all := fmt.Sprintf("status=0&all=1&sel=%d,%d", kit.FirstSpareSIM, kit.FirstSpareSIM+1)
		form = p.get("/sims/status?"+all).is(t, http.StatusOK).has(t, "Change the status of 599 SIMs", "599 SIMs change.", "2 are left out").fields("stack")
		p.send(p.request(http.MethodPost, "/sims/status", form)).is(t, http.StatusOK).has(t, "Choose what should happen")
		form = p.get("/sims/status?" + all).fields("stack")
		form.Set("to", "activated")
		if got, want := fmt.Sprint(s.planVerdicts(t, p.send(p.request(http.MethodPost, "/sims/status", form)))), "map[planned:599]"; got != want {
			t.Errorf("of all except two: %s, want %s", got, want)
		}
		s.as(t, "observer@example.com").get("/sims").lacks(t, "Change status")
	})
}

// From the list to the preview of a new status, in a browser.
func TestSIMsStatus_InBrowser(t *testing.T) {
	eachWay(t, func(t *testing.T, s *site, b *tab) {
		b.signIn("user@example.com")
		b.visit("/sims")
		for _, id := range []int{kit.ActivatedSIM, kit.IssuedSIM} {
			b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name="sim"][value="%d"]`, id))))
		}
		b.press(`.bulk [formaction="/sims/status"]`)
		b.sees("Change the status of 2 SIMs")
		b.do(chromedp.Click(chromedp.CSS("#to-suspended")))
		b.fill("#why", "winter")
		b.press("main button.go")
		b.at("/jobs/1")
		s.RunJobs()
		var job struct{ Reason string }
		s.As("user@example.com").Get("/api/v1/migration_job/1").Is(http.StatusOK).JSON(&job)
		if job.Reason != "winter" {
			t.Errorf("the reason of the job is %q", job.Reason)
		}
	})
}
